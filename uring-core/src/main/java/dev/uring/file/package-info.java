/**
 * Files that do not block a worker: buffered and direct, read and written at positions.
 *
 * <p><b>What lives here.</b> {@link dev.uring.file.WorkerFiles}, the front door;
 * {@link dev.uring.file.AsyncFile}, an open file; {@link dev.uring.file.FileBuffer}, memory that
 * its operations keep alive; {@link dev.uring.file.FileRequest}, a read, write or sync that is used
 * again and again and allocates nothing; {@link dev.uring.file.MappedFile} for reading by memory
 * access. {@link dev.uring.file.FileSource} and {@link dev.uring.file.FileForward} carry bytes
 * between files and connections. What is asked once in a while answers with a
 * {@code CompletionStage}.
 *
 * <p><b>May import.</b> {@code net}, {@code worker}, {@code driver}, {@code buffer}, {@code bytes},
 * {@code abi}, {@code base}.
 *
 * <p><b>Threads.</b> A file belongs to the worker that opened it. What answers with a stage may be
 * called from anywhere and completes on the worker; the rest is for the worker's thread.
 *
 * <p><b>Who owns memory.</b> A buffer is owned by whoever took it. A request that is under way
 * holds it as well: closing it then takes effect at the kernel's answer, whatever became of the
 * caller.
 *
 * <p><b>When not to use this.</b> For files that are in the page cache and read by threads that may
 * block, {@link java.nio.channels.FileChannel} is cheaper: a read is then a copy, and the ring adds
 * its turn to it. Here is the place for reads that go to a disk, for direct I/O, for many at once,
 * and for whatever happens on a worker, which must not wait for a disk.
 *
 * <p><b>Read next.</b> {@code dev.uring.UringRuntime}.
 */
package dev.uring.file;
