"""`/api/v1/jobs`: what is being done, what failed, and what to do about it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from service.console.access import OPERATOR, VIEWER
from service.console.desk import Desk
from service.console.parameters import JobId, Page, Searched
from service.console.person import Person
from service.console.story import Work, work_of
from service.ledger.records import Job, JobState


def jobs_router(desk: Desk) -> APIRouter:
    """Return the addresses of jobs."""
    router = APIRouter(prefix="/jobs", tags=["jobs"])

    @router.get("", dependencies=[Depends(VIEWER)])
    def list_jobs(asked: Searched, state: JobState | None = None) -> Page[Job]:
        """List jobs, newest first."""
        return asked.page(desk.ledger.found_jobs(asked.search(state)))

    @router.get("/{job_id}", dependencies=[Depends(VIEWER)])
    def show_job(job_id: JobId) -> Work:
        """Tell a job's stages and their seconds, its results, and who was sent them."""
        return work_of(desk.ledger, job_id)

    @router.post("/{job_id}/retry", status_code=202)
    def retry_job(job_id: JobId, person: Annotated[Person, Depends(OPERATOR)]) -> None:
        """Queue a dead, parked or cancelled job again."""
        desk.deeds.retry_job(person, job_id)

    @router.post("/{job_id}/cancel", status_code=202)
    def cancel_job(job_id: JobId, person: Annotated[Person, Depends(OPERATOR)]) -> None:
        """Cancel a queued or running job; what it makes from now on is void."""
        desk.deeds.cancel_job(person, job_id)

    return router
