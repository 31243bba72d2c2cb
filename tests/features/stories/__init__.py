"""One short story of each feature, in a file of the feature's name.

`tell(stage)` sends every command of the feature until it succeeds, so that every event of the
feature is told; `test_every_feature` runs it, and looks at the room after each step. A file may
also have

- `SCHEDULED = True`: the stage's room has not started yet;
- `SETTINGS = {"section": {...}}`: what it needs to be set;
- `NOT_TOLD = {SomeEvent: "why no story can tell it"}`.
"""
