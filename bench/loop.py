"""Ingest without Prefect: the same way in, on as many threads, in a plain loop. Prints its figures as JSON."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from kootenay.adapters.clock import now
from kootenay.adapters.intake import Outcome
from kootenay.settings import load_settings
from kootenay.wiring import archive_of, incoming_of, intake_of, store_of

settings = load_settings()
intake = intake_of(settings, incoming_of(settings), store_of(settings), archive_of(settings))
cpu, start = time.process_time(), time.time()
look = intake.incoming.look(now())
with ThreadPoolExecutor(settings.ingest.at_once) as threads:
    outcomes = [each.outcome for each in threads.map(lambda arrival: intake.take_in(arrival, now()), look.ready)]
for camera in settings.cameras:
    intake.point_latest(camera)
figures = {
    "photos": outcomes.count(Outcome.NEW),
    "start": start,
    "end": time.time(),
    "cpu": time.process_time() - cpu,
}
sys.stdout.write(json.dumps(figures) + "\n")
