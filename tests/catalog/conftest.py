"""A catalog in a folder of its own."""

import pytest

from mopidy_vozduxan.catalog import Catalog


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path):
    catalog = Catalog(path)
    yield catalog
    catalog.close()
