"""Everything that speaks to a Docker Engine; it knows neither Django nor our users."""
