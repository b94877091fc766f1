"""The tests of Quarterdeck."""
