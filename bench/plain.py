"""The usual cron script: python-gphoto2, one photo into the file of its argument. A peer, so nothing of ours in it."""

import sys

import gphoto2 as gp

if __name__ == "__main__":
    camera = gp.Camera()
    camera.init()
    path = camera.capture(gp.GP_CAPTURE_IMAGE)
    camera.file_get(path.folder, path.name, gp.GP_FILE_TYPE_NORMAL).save(sys.argv[1])
    camera.exit()
