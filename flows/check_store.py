"""Check: whether catalog, store and archive agree, camera by camera and month by month. A dry run unless told to mend.

Requires: the pool `cloud` on the host of the archive's folder; [store], [archive] and [catalog] in kootenay.toml.
Safe to repeat because: what to mend is found anew, all of it before anything is touched; each remedy is what ingest
would have done, or is asked for once more before it deletes. Killed between two of them, the next run finds the rest.
"""

from datetime import date
from typing import Annotated, Any

from prefect import flow
from prefect.states import Completed, Failed
from pydantic import Field

from kootenay.rules.store_check import Remedy
from kootenay.settings import CameraName, Settings, load_settings
from tasks.check_store import Checked, again, check_latest, check_month, mend, months_of, publish_plan
from tasks.outcomes import done, nothing_new, one_line_errors

MonthName = Annotated[str, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")]


@flow(flow_run_name="catalog, store and archive")
@one_line_errors
def check_store(
    apply: bool = False,
    deep: bool = False,
    camera: CameraName | None = None,
    months: list[MonthName] | None = None,
    delete_many: bool = False,
) -> Any:
    """Show what does not agree; with `apply`, mend it. `deep` compares every byte; `months` are such as 2026-06."""
    settings = load_settings()
    if camera:
        settings.camera(camera)
    checks = []
    for name in [camera] if camera else settings.cameras:
        wanted = [date.fromisoformat(f"{month}-01") for month in months] if months else months_of(settings, name)
        checks += [check_month(settings, name, month, deep) for month in wanted]
        checks.append(check_latest(settings, name))
    findings = [finding for check in checks for finding in check.findings]
    if not findings:
        return nothing_new("catalog, store and archive agree")
    publish_plan(findings)
    lost = [each for each in findings if each.remedy is Remedy.NONE]
    needs_a_person = f"{len(lost)} need a person, the first: {lost[0].place}: {lost[0].reason}" if lost else ""
    told = f"{len(findings) - len(lost)} to mend"
    refusals = [check.refusal for check in checks if check.refusal]
    if not apply:
        words = "; ".join(filter(None, [told, needs_a_person, *refusals[:1]]))
        return Failed(message=words) if lost else Completed(name="Findings", message=f"{words}; nothing was changed")
    if refusals and not delete_many:
        return Failed(message=refusals[0])
    troubles = [trouble for check in checks if check.findings for trouble in mend(settings, check)]
    left = _left(settings, [check for check in checks if check.findings], deep)
    words = "; ".join(filter(None, [f"{len(findings) - len(lost) - left} mended", needs_a_person, *troubles[:1]]))
    return Failed(message=f"{words}; {left} are as they were") if left or lost else done(words)


def _left(settings: Settings, checks: list[Checked], deep: bool) -> int:
    """Return how many findings that were to be mended are found again."""
    planned = {(each.kind, each.place) for check in checks for each in check.findings if each.remedy is not Remedy.NONE}
    found = {(each.kind, each.place) for check in checks for each in again(settings, check, deep).findings}
    return len(planned & found)
