"""The catalog: one row a photo, its renditions and its films, in SQLite or MySQL through SQLAlchemy Core.

A photo carries the local date and offset it was taken in, so a page about a day never computes a time zone. Whoever
opens a catalog first after an update brings its tables up to date (migrations/).
"""

from kootenay.adapters.catalog.opening import open_catalog
from kootenay.adapters.catalog.reading import CatalogReader
from kootenay.adapters.catalog.records import ChangedDay, Film, Photo, Rendition
from kootenay.adapters.catalog.writing import Catalog

__all__ = ["Catalog", "CatalogReader", "ChangedDay", "Film", "Photo", "Rendition", "open_catalog"]
