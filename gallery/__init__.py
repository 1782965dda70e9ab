"""The public web site of the cameras: it reads the catalog and the store, and knows no Prefect."""
