"""Stories: one file a pipeline, readable from top to bottom, on tasks and rules alone."""
