"""The front door: JSON over HTTP for people, programs and pages."""
