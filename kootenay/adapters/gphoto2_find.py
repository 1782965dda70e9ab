"""Which of the cameras on this host is meant, by its serial number, model or port, through libgphoto2.

Never two cameras open at once: two in one process corrupt libgphoto2's memory.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kootenay.adapters.gphoto2_config import read
from kootenay.errors import CameraError

NOT_FOUND = -105


@dataclass(frozen=True)
class Candidate:
    """A camera on a port, as `gphoto2 --auto-detect` prints it; without a model, whatever the port has."""

    model: str
    port: str

    def __str__(self) -> str:
        return f"{self.model} at {self.port}"


class Host:
    """The cameras of this host. Raises gp.GPhoto2Error when its ports cannot be listed."""

    def __init__(self, gp: Any) -> None:
        self.gp = gp
        self.abilities = gp.CameraAbilitiesList()
        self.abilities.load()
        self.ports = gp.PortInfoList()
        self.ports.load()
        found = self.abilities.detect(self.ports)
        listed = [Candidate(found.get_name(index), found.get_value(index)) for index in range(found.count())]
        self.candidates = [candidate for candidate in listed if candidate.port != "usb:"]  # the bus, no camera of it

    def matching(self, request: Mapping[str, Any]) -> list[Candidate]:
        """Given a request with a port, a model or neither, return the cameras that may be meant, never none.

        Raises CameraError when there is none, and gp.GPhoto2Error for a port that is none.
        """
        port, model = request["port"], request["model"]
        if port:
            self.ports.lookup_path(port)
            found = [candidate for candidate in self.candidates if candidate.port == port]
            if not found and not port.startswith("usb:"):  # a network camera is not detected, only tried
                found = [Candidate("", port)]
        else:
            found = [candidate for candidate in self.candidates if model.casefold() in candidate.model.casefold()]
        if not found:
            wanted = f" at {port}" if port else f" of model {model!r}" if model else ""
            raise CameraError(_not_found(wanted, [str(candidate) for candidate in self.candidates]), NOT_FOUND)
        return found

    def open(self, candidate: Candidate) -> Any:
        """Return a camera, opened. Raises gp.GPhoto2Error."""
        camera = self.gp.Camera()
        if candidate.model:
            camera.set_abilities(self.abilities.get_abilities(self.abilities.lookup_model(candidate.model)))
        camera.set_port_info(self.ports.get_info(self.ports.lookup_path(candidate.port)))
        camera.init()
        return camera

    def with_serial(self, candidates: list[Candidate], serial: str) -> tuple[Any, Candidate]:
        """Return the camera of a serial number, opened. Raises CameraError, or what kept one from being opened."""
        seen, refused = [], []
        for candidate in candidates:
            try:
                camera = self.open(candidate)
            except self.gp.GPhoto2Error as error:
                refused.append(error)
                continue
            found = read(self.gp, camera, "serialnumber")
            if same_serial(serial, found):
                return camera, candidate
            close(self.gp, camera)
            del camera  # before the next is opened
            seen.append(f"{candidate} with serial {found or 'unknown'}")
        if refused:  # it may be the one
            raise refused[0]
        raise CameraError(_not_found(f" with serial {serial}", seen), NOT_FOUND)


def open_camera(gp: Any, request: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Given a request {port, serial, model}, return its camera, opened, and what was doubtful about the choice.

    Raises CameraError with what is there, or gp.GPhoto2Error.
    """
    host = Host(gp)
    candidates = host.matching(request)
    if request["serial"]:
        camera, _ = host.with_serial(candidates, request["serial"])
        return camera, []
    first, *others = candidates
    camera = host.open(first)
    if not others:
        return camera, []
    listed = ", ".join(str(candidate) for candidate in candidates)
    return camera, [f"{len(candidates)} cameras are here ({listed}), the first was taken: name one by its serial"]


def port_of(gp: Any, request: Mapping[str, Any]) -> str:
    """Given a request {port, serial, model}, return its camera's port, opening cameras only to tell them apart.

    One that cannot be opened is no obstacle where there is only one. Raises as `open_camera` does.
    """
    host = Host(gp)
    first, *others = host.matching(request)
    if not others or not request["serial"]:
        return first.port
    camera, candidate = host.with_serial([first, *others], request["serial"])
    close(gp, camera)
    return candidate.port


def close(gp: Any, camera: Any) -> None:
    """Let a camera go; one whose link broke is gone already."""
    with contextlib.suppress(gp.GPhoto2Error):
        camera.exit()


def same_serial(wanted: str, found: str) -> bool:
    """Return whether two serial numbers are one camera's: PTP pads them with zeros to 32 digits."""
    one, other = (serial.strip().lstrip("0").casefold() for serial in (wanted, found))
    return one == other != ""


def _not_found(wanted: str, found: list[str]) -> str:
    return f"no camera{wanted}; found: {', '.join(found) or 'none'}"
