"""ffmpeg as this project uses it: finding it, telling it what to do, watching it work, and saying why it failed."""
