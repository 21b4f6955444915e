"""The disks of the media servers: measured, forecast, and recording refused where nothing more may be written."""
