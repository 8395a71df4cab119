/**
 * Submission and completion queues over memory shared with the kernel.
 *
 * <p><b>What lives here.</b> {@link dev.uring.ring.Ring} with its
 * {@link dev.uring.ring.SubmissionQueue} and {@link dev.uring.ring.CompletionQueue},
 * {@link dev.uring.ring.BufferRing} for receives, {@link dev.uring.ring.DirectDescriptors},
 * {@link dev.uring.ring.UserData}, and {@link dev.uring.ring.Probe}, which asks the kernel what it
 * can do. Nothing here knows about connections.
 *
 * <p><b>May import.</b> {@code ffi}, {@code abi}, {@code base}. No other package touches words the
 * kernel shares.
 *
 * <p><b>Threads.</b> A ring has one owner: the thread that called
 * {@link dev.uring.ring.Ring#enable}. The kernel enforces it (SINGLE_ISSUER: {@code EEXIST} for
 * others). Construction may happen on any thread before that.
 *
 * <p><b>Who owns memory.</b> The ring owns its mappings and those of its buffer rings until
 * {@code close}. Memory named by an SQE is the caller's, and must live until the CQE; for zero-copy
 * sends until the notification CQE.
 *
 * <p><b>Memory order, in one place.</b> Two words pair up in each direction. We publish SQEs by a
 * release store of the SQ tail, and the kernel acquires it; the kernel publishes CQEs by a release
 * store of the CQ tail, and we acquire it. We free CQEs by a release store of the CQ head: our
 * reads of the CQEs must be complete before the kernel may overwrite them. The SQ head needs less:
 * the kernel moves it only inside our own enter (there is no SQPOLL thread), on this very thread. A
 * buffer ring has only a tail, released by us. Words named {@code kTail}, {@code kHead} are the
 * shared ones, {@code tail}, {@code head} our private copies.
 *
 * <p><b>Read next.</b> {@code dev.uring.driver}, which turns completions into results of
 * operations.
 */
package dev.uring.ring;
