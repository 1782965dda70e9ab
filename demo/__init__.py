"""The one-command tour: a day at the lake, lived through by the real flows on this machine."""
