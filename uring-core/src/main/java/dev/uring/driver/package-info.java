/**
 * The one seam between a worker and a kernel, real or not.
 *
 * <p><b>What lives here.</b> {@link dev.uring.driver.Driver}, the contract;
 * {@link dev.uring.driver.UringDriver}, the contract on io_uring;
 * {@link dev.uring.driver.NioDriver}, the contract on the JDK's selector;
 * {@code dev.uring.sim.SimDriver} of the tests, the contract on hosts that are not there;
 * {@link dev.uring.driver.Operation}, what a worker asks for and hears back from;
 * {@link dev.uring.driver.OperationTable}, which keeps an operation and everything it refers to
 * alive until the kernel has answered.
 *
 * <p>Files have a contract of their own, {@link dev.uring.driver.FileDriver}, with
 * {@code UringFiles} or {@code NioFiles} behind it.
 *
 * <p><b>May import.</b> {@code ring}, {@code ffi}, {@code abi}, {@code buffer}, {@code bytes},
 * {@code socket}, {@code base}.
 *
 * <p><b>Threads.</b> A driver belongs to one worker. Only {@link dev.uring.driver.Driver#wake()}
 * and the opening of listening sockets may be called from elsewhere.
 *
 * <p><b>Who owns memory.</b> The driver owns the receive buffers and lends one at a time to the
 * operation it completes. Memory named by a send belongs to the operation until its completion.
 *
 * <p><b>Vocabulary.</b> Results are the kernel's: a count or descriptor ≥ 0, or a negative errno.
 * Another driver speaks the same errors, so nothing above it knows which one runs.
 *
 * <p><b>Read next.</b> {@code dev.uring.worker}.
 */
package dev.uring.driver;
