"""What happened: the timeline, figures of it, and the replay."""
