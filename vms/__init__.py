"""Puts the rooms together: settings, urls, schedule, health, launcher. The only package that may import all others."""

from vms.celery import app as celery_app

__all__ = ["celery_app"]
