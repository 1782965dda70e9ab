"""Where and when the flows run. prefect.yaml is the table; setup.py applies it."""
