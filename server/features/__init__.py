"""The features: one folder each, named after the feature."""
