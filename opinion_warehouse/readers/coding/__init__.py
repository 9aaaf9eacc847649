"""Words → codes of the reference: topics from keywords, places from names."""
