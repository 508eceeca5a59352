"""Tests of the local tooling and, statically, of what the template promises."""
