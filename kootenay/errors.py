"""Every error Kootenay raises on purpose, and which of them may pass by themselves.

The message is one line that a person can act on: what was wrong, where, what was left untouched, what to do.
"""


class KootenayError(Exception):
    """Base of all; catching it never hides a programming mistake."""

    transient = False
    """Whether the same call may succeed a little later with nothing done about it."""


class SettingsError(KootenayError):
    """kootenay.toml or the environment says something that cannot be used."""


class CameraError(KootenayError):
    """The camera did not give a photo; `code` is libgphoto2's, where there is one."""

    transient = True

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class CameraHungError(CameraError):
    """The camera, or the program that reaches it, gave nothing before its deadline and was stopped."""


class CardFullError(CameraError):
    """The camera's memory or card has no room for another photo."""


class NotWholeError(CameraError):
    """What came from the camera is no whole JPEG; it lies where the photo was to be written."""


class StaleFrameError(CameraError):
    """The camera handed over a photo that it had taken before."""


class CameraBusyError(CameraError):
    """Somebody else holds this camera's lock."""


class TooLateError(CameraError):
    """The slot is over: a photo now would be of another moment."""

    transient = False


class HostError(KootenayError):
    """The camera host's database or disk cannot be used; the spool is whole."""

    transient = True


class DiskFullError(HostError):
    """The camera host's disk has no room for what was to be written, and nothing on it that may go."""


class TransferError(KootenayError):
    """The upload target could not be reached or refused; the spool is whole."""

    transient = True


class TransferRefusedError(TransferError):
    """The target answered and will answer the same again: a host key, a login, a folder."""

    transient = False


class PhotoRefusedError(TransferError):
    """One photo was not taken, or cannot be read, while the connection lives; others may go.

    A later try may help; after several, the photo should stand in nobody's way.
    """


class NotAPhotoError(KootenayError):
    """An incoming file is not a whole photo; it belongs in quarantine."""


class SidecarError(KootenayError):
    """A sidecar cannot be read as one."""


class StatusError(KootenayError):
    """What a camera host says of a camera cannot be read as its status."""


class IncomingError(KootenayError):
    """The place where photos arrive, or one photo there, cannot be read or changed."""

    transient = True


class StoreError(KootenayError):
    """The store does not hold what was put into it."""

    transient = True


class StoreRefusedError(StoreError):
    """The store answered and will answer the same again: other bytes under that name, a policy, a bucket."""

    transient = False


class ArchiveError(KootenayError):
    """The archive cannot keep or give an original, or holds another one under its name."""


class CatalogError(KootenayError):
    """The catalog cannot be opened or answers no."""

    transient = True


class CatalogRefusedError(CatalogError):
    """The catalog will answer the same again: a login, a database that is not there, a newer version than this."""

    transient = False


class FilmError(KootenayError):
    """A film was not made, or is not what its plan says; an earlier film was left standing."""


class UnlikePartsError(FilmError):
    """Films were encoded differently, so they cannot be joined as they are; encoding the period anew can."""


def is_transient(error: BaseException) -> bool:
    """Given an error, return whether trying again later may help; unknown errors are given one more chance."""
    if isinstance(error, KootenayError):
        return error.transient
    return isinstance(error, OSError)
