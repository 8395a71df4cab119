/**
 * What a worker counts.
 *
 * <p><b>What lives here.</b> {@link dev.uring.metrics.WorkerCounters}, the live counters of one
 * worker; {@link dev.uring.metrics.WorkerSnapshot}, a copy of them;
 * {@link dev.uring.metrics.LogHistogram}. In {@code dev.uring.metrics.jfr}: the events.
 *
 * <p><b>May import.</b> {@code base}.
 *
 * <p><b>Threads.</b> One thread writes plain fields, others read them: a counter costs one add and
 * a reader may lag. Nothing stops for a snapshot.
 */
package dev.uring.metrics;
