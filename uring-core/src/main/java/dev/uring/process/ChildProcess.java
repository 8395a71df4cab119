package dev.uring.process;

import dev.uring.abi.Errno;
import dev.uring.abi.Process;
import dev.uring.base.ProcessException;
import dev.uring.base.UringException;
import dev.uring.driver.FileOperation;
import dev.uring.driver.Operation;
import dev.uring.ffi.Libc;
import dev.uring.ffi.ProcessCalls;
import dev.uring.worker.Worker;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running program that this process has started.
 *
 * <pre>{@code
 * ChildProcess.spawn(Command.of("date"), worker, runtime.blocking()).thenAccept(child -> {
 *   child.stdout().orElseThrow().receive((pipe, bytes) -> { print(bytes); return bytes.size(); });
 *   child.exited().thenAccept(status -> …);
 * });
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * Each standard stream that is {@link Stdio#PIPE} has its end here. The end of the program and the
 * end of its output are two things: its children may have inherited the pipes.
 *
 * <h2>Ownership</h2>
 *
 * Owned by whoever spawned it, who waits for {@link #exited} or calls {@link #close}. Descriptors
 * and the entry in the kernel's process table are let go of when it has ended and its pipes are
 * closed: output that was not read can still be, so a pipe that nobody reads to its end has to be
 * closed. A child that still runs when its worker ends is killed.
 *
 * <p>The child has no descriptor of this process but its standard streams, and its signals have
 * their default handling.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Methods belong to the worker's thread, except {@link #pid}, {@link #kill} and {@link #close}.
 *
 * <h2>Errors</h2>
 *
 * {@link ProcessException} in the stage of {@link #spawn}: no such program, no right to run it, no
 * process or descriptor left.
 *
 * <h2>Source</h2>
 *
 * {@code posix_spawnp(3)}, {@code pidfd_open(2)} waited for with io_uring_prep_poll_add(3),
 * {@code waitid(2)}, {@code pidfd_send_signal(2)}.
 */
public final class ChildProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChildProcess.class);

  private final Command command;
  private final Worker worker;
  private final int pid;
  private final int pidfd;
  private final PipeWriter stdin;
  private final PipeReader stdout;
  private final PipeReader stderr;
  private final CompletableFuture<ExitStatus> exited = new CompletableFuture<>();
  private final Exit exit = new Exit();

  // Guards the descriptor against being used by kill() after it is closed.
  private final Object pidfdLock = new Object();
  private boolean isPidfdClosed;

  private ChildProcess(Command command, Worker worker, Spawner.Spawned spawned) {
    this.command = command;
    this.worker = worker;
    this.pid = spawned.pid();
    this.pidfd = spawned.pidfd();
    int[] ends = spawned.ends();
    String of = " of " + command.program() + " (pid " + pid + ")";
    this.stdin =
        ends[0] == Spawner.NONE ? null : new PipeWriter(this, adopt(ends[0]), "stdin" + of);
    this.stdout =
        ends[1] == Spawner.NONE ? null : new PipeReader(this, adopt(ends[1]), "stdout" + of);
    this.stderr =
        ends[2] == Spawner.NONE ? null : new PipeReader(this, adopt(ends[2]), "stderr" + of);
  }

  /**
   * Starts a program.
   *
   * @param command what
   * @param worker where the child lives
   * @param blocking runs what blocks, which starting a program does:
   *     {@code UringRuntime.blocking()}
   * @return completes on the worker with the child, which runs
   */
  public static CompletionStage<ChildProcess> spawn(
      Command command, Worker worker, Executor blocking) {
    CompletableFuture<ChildProcess> future = new CompletableFuture<>();
    try {
      blocking.execute(() -> spawnHere(command, worker, future));
    } catch (RuntimeException refused) {
      future.completeExceptionally(refused);
    }
    return future.minimalCompletionStage();
  }

  private static void spawnHere(
      Command command, Worker worker, CompletableFuture<ChildProcess> future) {
    Spawner.Spawned spawned;
    try {
      spawned = Spawner.spawn(command);
    } catch (RuntimeException refused) {
      complete(worker, () -> future.completeExceptionally(refused));
      return;
    }
    try {
      worker.execute(() -> begin(command, worker, spawned, future));
    } catch (RejectedExecutionException stopped) {
      spawned.abandon();
      future.completeExceptionally(stopped);
    }
  }

  private static void complete(Worker worker, Runnable completion) {
    try {
      worker.execute(completion);
    } catch (RejectedExecutionException stopped) {
      completion.run();
    }
  }

  private static void begin(
      Command command,
      Worker worker,
      Spawner.Spawned spawned,
      CompletableFuture<ChildProcess> future) {
    ChildProcess child;
    try {
      child = new ChildProcess(command, worker, spawned);
      worker.driver().awaitReadable(child.pidfd, child.exit);
    } catch (RuntimeException refused) {
      // Nothing is under way yet; ending a process that was just begun takes a moment.
      spawned.abandon();
      future.completeExceptionally(refused);
      return;
    }
    OfWorker.of(worker).children.add(child);
    future.complete(child);
  }

  /**
   * What it runs.
   *
   * @return the command
   */
  public Command command() {
    return command;
  }

  /**
   * The worker it belongs to.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /**
   * Its number, for people to read: after its end the number may be another process's.
   *
   * @return the process id
   */
  public int pid() {
    return pid;
  }

  /**
   * Writes to its standard input.
   *
   * @return empty unless that is {@link Stdio#PIPE}
   */
  public Optional<PipeWriter> stdin() {
    return Optional.ofNullable(stdin);
  }

  /**
   * Reads its standard output.
   *
   * @return empty unless that is {@link Stdio#PIPE}
   */
  public Optional<PipeReader> stdout() {
    return Optional.ofNullable(stdout);
  }

  /**
   * Reads its standard error.
   *
   * @return empty unless that is {@link Stdio#PIPE}
   */
  public Optional<PipeReader> stderr() {
    return Optional.ofNullable(stderr);
  }

  /**
   * Its end.
   *
   * @return completes on the worker with how it ended, and exceptionally when the worker ends
   *     first, which kills it
   */
  public CompletionStage<ExitStatus> exited() {
    return exited.minimalCompletionStage();
  }

  /**
   * Whether it has not ended, as far as this process has noticed. Any thread.
   *
   * @return {@code false} once {@link #exited} is complete
   */
  public boolean isAlive() {
    return !exited.isDone();
  }

  /**
   * Sends it a signal. Any thread. By its descriptor, so it cannot reach another process.
   *
   * @param signal any
   * @return whether it was there to get it
   */
  public boolean kill(Signal signal) {
    synchronized (pidfdLock) {
      if (isPidfdClosed) {
        return false;
      }
      int result = ProcessCalls.pidfdSendSignal(pidfd, signal.number());
      if (result < 0 && result != -Errno.ESRCH) {
        throw new ProcessException(
            "cannot send " + signal + " to " + describe() + ": " + Errno.text(-result)
                + ".\n  Likely cause: it has become another user's, as a set-user-id program.",
            command.program(),
            -result);
      }
      return result == 0;
    }
  }

  /**
   * Kills it, if it still runs, and closes its pipes; {@link #exited} says when it is gone. Any
   * thread; repeated calls do nothing.
   */
  @Override
  public void close() {
    if (isAlive()) {
      killIfAllowed();
    }
    complete(worker, this::closePipes);
  }

  @Override
  public String toString() {
    return "ChildProcess(" + describe() + ")";
  }

  String describe() {
    return command.program() + ", pid " + pid;
  }

  ProcessException pipeFailure(String what, int errno) {
    String why = errno == 0 ? "" : ": " + Errno.text(errno);
    String hint = errno == Errno.EPIPE
        ? ".\n  Likely cause: the program has ended, or has closed its input because it needs no"
            + " more of it."
        : ".";
    return new ProcessException("cannot " + what + why + hint, command.program(), errno);
  }

  void closePipe(int file) {
    try {
      worker.driver().files().close(file, new ClosePipe());
    } catch (UringException stopping) {
      LOG.debug("the driver closes {} by itself", this, stopping);
    }
  }

  private int adopt(int descriptor) {
    return worker.driver().files().adopt(descriptor);
  }

  private void closePipes() {
    if (!worker.isCurrent()) {
      // The worker has stopped, and its driver has closed them.
      return;
    }
    if (stdin != null) {
      stdin.abandon();
    }
    if (stdout != null) {
      stdout.close();
    }
    if (stderr != null) {
      stderr.close();
    }
  }

  private void ended() {
    int[] status = new int[2];
    int result = ProcessCalls.waitForEnd(Process.P_PIDFD, pidfd, Process.WNOHANG, status);
    if (result == -Errno.EAGAIN) {
      worker.driver().awaitReadable(pidfd, exit);
      return;
    }
    closePidfd();
    OfWorker.of(worker).children.remove(this);
    if (result < 0) {
      exited.completeExceptionally(new ProcessException(
          "the end of " + describe() + " is not known: " + Errno.text(-result)
              + ".\n  Likely cause: somebody else in this process has waited for it (waitpid), or"
              + " SIGCHLD is ignored.",
          command.program(),
          -result));
    } else {
      exited.complete(
          status[1] == Process.CLD_EXITED
              ? ExitStatus.ofCode(status[0])
              : ExitStatus.ofSignal(status[0]));
    }
  }

  private void killIfAllowed() {
    try {
      kill(Signal.KILL);
    } catch (ProcessException refused) {
      // The rest of what closing is for has to be done all the same.
      LOG.warn("{} lives on", this, refused);
    }
  }

  private void closePidfd() {
    synchronized (pidfdLock) {
      if (!isPidfdClosed) {
        isPidfdClosed = true;
        Libc.close(pidfd);
      }
    }
  }

  // The worker cannot wait for the end any more; a thread of its own does, for a moment.
  private void workerEnding() {
    killIfAllowed();
    Thread reaper = new Thread(
        () -> {
          ProcessCalls.waitForEnd(Process.P_PIDFD, pidfd, 0, new int[2]);
          closePidfd();
        },
        "uring-reaper-" + pid);
    reaper.setDaemon(true);
    reaper.start();
    exited.completeExceptionally(new UringException(
        describe() + " was killed, because worker " + worker.index() + " ended"));
  }

  private final class Exit extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      if (result == -Errno.EINTR) {
        worker.driver().awaitReadable(pidfd, exit);
      } else if (result != -Errno.ECANCELED) {
        ended();
      }
    }
  }

  private static final class ClosePipe extends FileOperation {
    @Override
    protected void answered(int result) {
      // The descriptor is gone whatever the kernel says.
    }
  }

  /** The children of a worker, which end with it. */
  private static final class OfWorker {
    private final Set<ChildProcess> children = new HashSet<>();

    OfWorker(Worker worker) {
      worker.whenEnding(failure -> {
        List.copyOf(children).forEach(ChildProcess::workerEnding);
        children.clear();
      });
    }

    static OfWorker of(Worker worker) {
      return worker.attachment(OfWorker.class, OfWorker::new);
    }
  }
}
