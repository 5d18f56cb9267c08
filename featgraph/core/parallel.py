"""Independent tasks, such as the layers of a network, on several cores or machines.

joblib runs them: its processes on this machine, or whatever ``joblib.parallel_config`` names.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any

from featgraph.core.checks import integer
from featgraph.core.package import need
from featgraph.core.progress import progress_bar
from featgraph.core.resources import end_with_parent, hold_threads, in_worker, keep_warnings

__all__ = ["WorkerLost", "joined_cluster", "own_workers", "run_parallel"]


_TOLD: dict[Any, Any] = {}  # warnings of workers, so that each is told once


@dataclass(frozen=True)
class WorkerLost:
    """Stands for the result of a task whose worker died twice."""

    reason: str


def run_parallel(
    function: Callable[..., object],
    tasks: Sequence[tuple[object, ...]],
    *,
    jobs: int | None = None,
    progress: bool | None = False,
    label: str = "tasks",
    done: int = 0,
) -> Generator[tuple[int, Any], None, None]:
    """Yield place and result of each task as it ends.

    Parameters
    ----------
    function : callable
        Takes the arguments of one task. What it returns must not depend on the number of threads:
        each task has one.
    tasks : sequence of tuple
        Arguments of each task.
    jobs : int or None, default=None
        Tasks at once, at least 1; more than there are tasks do no harm. None: one after another
        in this process, unless ``joblib.parallel_config`` says otherwise. A cluster uses all of
        its workers, whatever is said here.
    progress : bool or None, default=False
        Show a bar over all tasks; None shows it on a terminal.
    label : str, default="tasks"
        Its name.
    done : int, default=0
        Tasks that the bar counts as finished before.

    Yields
    ------
    int, Any
        Place in ``tasks`` and result; a :class:`WorkerLost` where the worker died twice.

    Raises
    ------
    ValueError
        If ``jobs`` is not positive.
    Exception
        The first error of a task, as it was raised.

    Notes
    -----
    With several workers results come in the order in which they are ready. A worker that dies, for
    want of memory say, takes along what was under way; these tasks are tried once more, each alone.

    Examples
    --------
    >>> sorted(run_parallel(divmod, [(7, 2), (9, 4)]))
    [(0, (3, 1)), (1, (2, 1))]
    """
    from joblib import effective_n_jobs

    if jobs is not None:
        jobs = min(integer(jobs, "jobs", least=1), max(1, len(tasks)))
    remote = _is_remote()
    jobs = None if remote else jobs
    total = done + len(tasks)
    with progress_bar(total=total, progress=progress, label=label, start=done) as bar:
        if len(tasks) == 0:
            return
        alone = not remote and (jobs or effective_n_jobs(None)) == 1
        run = _run_here if alone else _run_spread
        with contextlib.closing(run(function, tasks, jobs)) as outcomes:
            for place, result in outcomes:
                bar.update()
                yield place, result


def _is_remote() -> bool:
    """Whether the caller has configured a cluster, which knows how many workers it has."""
    from joblib.parallel import get_active_backend

    return type(get_active_backend()[0]).__name__ in ("DaskDistributedBackend", "RayBackend")


@contextlib.contextmanager
def own_workers(jobs: int | None, *modules: str) -> Iterator[None]:
    """Start worker processes that load modules while the block prepares tasks, and end with it.

    For commands: a worker takes seconds to start, and one to end by itself. Nothing with one job;
    at first no more than there are cores.

    Examples
    --------
    >>> with own_workers(1, "featgraph.pipeline"):
    ...     sorted(run_parallel(abs, [(-1,)]))
    [(0, 1)]
    """
    if jobs is None or jobs == 1:
        yield
        return
    from joblib import Parallel, cpu_count, delayed
    from joblib.externals.loky import get_reusable_executor

    jobs = min(jobs, max(2, cpu_count()))
    how: dict[str, Any] = {"return_as": "generator_unordered", "pre_dispatch": "all"}
    loading: Iterator[Any] = iter(())
    try:
        with _deaf_processes():
            loading = Parallel(n_jobs=jobs, **how)([delayed(_load)(modules)] * jobs)
        yield
    finally:
        with _quiet_end():
            get_reusable_executor(reuse=True).shutdown(kill_workers=True)
        with contextlib.suppress(Exception):  # of workers that died, now or before
            deque(loading, maxlen=0)


def _load(modules: Sequence[str]) -> None:
    end_with_parent()
    for name in modules:
        import_module(name)


@contextlib.contextmanager
def _deaf_processes() -> Iterator[None]:
    """Let processes that start in the block not hear Ctrl-C, which a terminal sends to all.

    It is for this process to end them; that one comes here when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    from joblib.externals.loky.backend import resource_tracker

    for start in (ensure_running, resource_tracker.ensure_running):
        start()  # these unblock the signal when they start their process
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _quiet_end() -> Iterator[None]:
    """Show no error of loky's thread that ends workers whose tasks have only begun."""
    usual = threading.excepthook

    def show(error: threading.ExceptHookArgs) -> None:
        if error.thread is None or error.thread.name != "ExecutorManagerThread":
            usual(error)

    threading.excepthook = show
    try:
        yield
    finally:
        threading.excepthook = usual


def _run_here(
    function: Callable[..., object], tasks: Sequence[tuple[object, ...]], jobs: int | None
) -> Generator[tuple[int, object], None, None]:
    for place, task in enumerate(tasks):
        with _one_thread():
            result = function(*task)
        yield place, result


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Hold all linear algebra on one thread, also what the task would load only then."""
    import scipy.linalg  # noqa: F401
    import torch  # noqa: F401

    with hold_threads():
        yield


def _run_spread(
    function: Callable[..., object], tasks: Sequence[tuple[object, ...]], jobs: int | None
) -> Generator[tuple[int, object], None, None]:
    waiting = dict(enumerate(tasks))
    while waiting:
        begun: list[int] = []
        try:
            with contextlib.closing(_spread(function, waiting, jobs, begun)) as outcomes:
                for place, result, error in outcomes:
                    del waiting[place]
                    if error is not None:
                        raise _TaskError(error)
                    yield place, result
        except _TaskError as failed:
            raise failed.error from None
        except Exception as lost:  # of the backend: those of tasks come back as values
            if not begun:
                raise
            for place in [place for place in begun if place in waiting]:
                yield place, _try_alone(function, waiting.pop(place), jobs, lost)


class _TaskError(Exception):
    def __init__(self, error: Exception) -> None:
        self.error = error


def _try_alone(
    function: Callable[..., object], task: tuple[object, ...], jobs: int | None, lost: Exception
) -> object:
    """Return the result of a task whose worker died, from a second try in a new worker."""
    try:
        # two workers and one task: with one, joblib would run it in this process
        (found,) = list(_spread(function, {0: task}, jobs and max(2, jobs), []))
    except Exception as again:
        words = " ".join(str(again or lost).split()).partition(". ")[0]
        return WorkerLost(f"its worker died twice ({type(again).__name__}: {words})")
    if found[2] is not None:
        raise found[2]
    return found[1]


def _spread(
    function: Callable[..., object],
    waiting: dict[int, tuple[object, ...]],
    jobs: int | None,
    begun: list[int],
) -> Generator[tuple[int, object, Exception | None], None, None]:
    """Yield the outcomes that joblib brings; ``begun`` keeps what was given to it."""
    from joblib import Parallel, delayed, effective_n_jobs
    from joblib.parallel import get_active_backend

    def give(places: Iterator[int]) -> Iterator[Any]:
        for place in places:
            begun.append(place)
            yield delayed(_attempt)(function, place, waiting[place])

    # Workers of loky that have grown by 300 MB, as when they first draw, are replaced with a word
    # of warning; another tells that it waits for those that still load. No loss to tell of; and
    # made an error, the first would end the thread that all wait for.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    warnings.filterwarnings("ignore", "Trying to resize an executor with running", UserWarning)
    # No more at once than there are workers: whatever was begun when one dies is under suspicion.
    how: dict[str, Any] = {"n_jobs": jobs, "batch_size": 1, "pre_dispatch": "n_jobs"}
    places = iter(list(waiting))
    backend = get_active_backend()[0]
    if backend.supports_return_generator:
        if "Dask" in type(backend).__name__:
            _tell_losses(backend)
        with contextlib.ExitStack() as stack:
            with _deaf_processes():
                outcomes = Parallel(return_as="generator_unordered", **how)(give(places))
                stack.callback(_close, outcomes)
            for place, result, error, told in outcomes:
                yield place, result, error or _tell(told)
        return
    at_once = max(1, effective_n_jobs(jobs))
    while block := list(islice(places, at_once)):  # so that what is ready can be kept
        for place, result, error, _ in Parallel(**how)(give(iter(block))):
            yield place, result, error


def _close(outcomes: Generator[Any, None, None]) -> None:
    with warnings.catch_warnings(), _quiet_end():
        warnings.simplefilter("ignore")  # that tasks were given up: somebody stopped them
        outcomes.close()


def _tell_losses(backend: Any) -> None:
    """Mend what joblib 1.6 does when workers of Dask die.

    It waits for ever for a task that Dask gave up, and runs tasks in this process while no more
    than one worker is left.
    """
    if "submit" in vars(backend):
        return
    count = backend.effective_n_jobs
    backend.effective_n_jobs = lambda n_jobs: max(2, count(n_jobs))
    submit, retrieve = backend.submit, backend.retrieve_result_callback

    def submit_and_tell(func: Any, callback: Any = None) -> Any:
        job = submit(func, callback)
        job.add_done_callback(lambda done: done.exception() and callback(done.exception()))
        return job

    def retrieve_or_raise(out: Any) -> Any:
        if isinstance(out, BaseException):
            raise out
        return retrieve(out)

    backend.submit, backend.retrieve_result_callback = submit_and_tell, retrieve_or_raise


def _attempt(
    function: Callable[..., Any], place: int, task: tuple[Any, ...]
) -> tuple[int, object, Exception | None, list[Any]]:
    end_with_parent()
    told: list[Any] = []
    with _one_thread(), in_worker(), keep_warnings(told):
        try:
            return place, function(*task), None, told
        except Exception as error:
            return place, None, error, told


def _tell(told: list[Any]) -> Exception | None:
    try:
        for text, category, file, line in told:
            warnings.warn_explicit(text, category, file, line, registry=_TOLD)
    except Warning as error:  # where filters make errors of them
        return error
    return None


@contextlib.contextmanager
def joined_cluster(address: str | None, *, timeout: float = 10.0) -> Iterator[None]:
    """Spread the tasks of the block over a cluster.

    Parameters
    ----------
    address : str or None
        Address of a Dask scheduler such as ``"tcp://node1:8786"``; ``"ray"``; None: no cluster.
    timeout : float, default=10.0
        Seconds to wait for the scheduler.

    Raises
    ------
    ImportError
        If the package that talks to the cluster is not installed; the message says what to do.
    ValueError
        If no scheduler answers at the address.

    Examples
    --------
    >>> with joined_cluster(None):
    ...     sorted(run_parallel(abs, [(-1,)]))
    [(0, 1)]
    """
    from joblib import parallel_config

    if address is None:
        yield
    elif address == "ray":
        need("ray.util.joblib", extra="ray").register_ray()
        with parallel_config("ray"):
            yield
    else:
        with _dask_client(address, timeout), parallel_config("dask"):
            yield


def _dask_client(address: str, timeout: float) -> Any:
    distributed = need("distributed", extra="cluster")
    try:
        return distributed.Client(address, timeout=timeout)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(
            "cluster must be 'ray' or the address of a Dask scheduler that answers, such as "
            f"'tcp://node1:8786', got {address!r} ({' '.join(str(error).split())[:120]})"
        ) from None
