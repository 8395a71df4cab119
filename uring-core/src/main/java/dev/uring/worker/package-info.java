/**
 * One thread, one loop, and everything that belongs to it.
 *
 * <p><b>What lives here.</b> {@link dev.uring.worker.Worker}, the loop;
 * {@link dev.uring.worker.Timer} and the wheel that holds it, with
 * {@link dev.uring.worker.PeriodicTimer}; the mailbox, the only way in from another thread;
 * {@link dev.uring.worker.SchedulingGroup} and the run queues that keep its shares;
 * {@link dev.uring.worker.StallDetector}; {@link dev.uring.worker.CpuPlacement}.
 *
 * <p><b>May import.</b> {@code driver}, {@code buffer}, {@code metrics}, {@code ffi}, {@code base}.
 *
 * <p><b>Threads.</b> Everything belongs to the worker's thread except
 * {@link dev.uring.worker.Worker#execute}, {@link dev.uring.worker.Worker#stop} and the snapshot.
 *
 * <p><b>One turn.</b> (1) hand queued operations to the kernel and wait for one answer, in one
 * call; (2) deliver the answers, which may resume a coroutine right there; (3) expire timers; (4)
 * empty the mailbox; (5) run tasks, up to a budget, by their groups' shares; (6) send what
 * connections wrote in this turn, one operation each; (7) call the ticks.
 *
 * <p><b>Read next.</b> {@code dev.uring.net}.
 */
package dev.uring.worker;
