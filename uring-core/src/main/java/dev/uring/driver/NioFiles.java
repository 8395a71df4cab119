package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.abi.Layouts;
import dev.uring.base.UringException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockPool;
import dev.uring.ffi.NativeMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files by way of {@code java.nio} and the threads of {@link NioFilePool}.
 *
 * <p>Beside io_uring: direct I/O is refused with EINVAL, as by a file system that has none; room is
 * not reserved by {@link #allocate}, the file only gets its length; registering is accepted and
 * changes nothing.
 *
 * <p><i>Thread:</i> the driver's, except {@link #done}.
 */
final class NioFiles implements FileDriver {
  private static final Logger LOG = LoggerFactory.getLogger(NioFiles.class);

  // A disk that has not answered in ten seconds has been given up by its own driver's first limit.
  private static final long CLOSE_NANOS_MAX = 10_000_000_000L;
  private static final long CLOSE_LOOK_NANOS = 1_000_000;

  // As the kernel gives out descriptors: 0 to 2 are taken, and 0 is nobody's mistake.
  private static final int FILE_FIRST = 3;

  private final NioDriver driver;
  private final BlockPool blocks;
  private final NioPipes pipes;
  private final Map<Integer, NioFile> open = new HashMap<>();
  private final Map<FileOperation, NioFileTask> underWay = new IdentityHashMap<>();

  // From the pool to the driver. As many as are under way, which the pool bounds.
  private final ConcurrentLinkedQueue<NioFileTask> done = new ConcurrentLinkedQueue<>();
  private final Arena arena = Arena.ofShared();
  private MemorySegment registered;
  private int lastFile = FILE_FIRST - 1;
  private boolean isClosing;

  NioFiles(NioDriver driver, BlockPool blocks) {
    this.driver = driver;
    this.blocks = blocks;
    this.pipes = new NioPipes(driver);
  }

  @Override
  public void open(
      int directory, String path, int flags, int permissions, FileOperation operation) {
    Path wanted = NioPaths.of(path);
    Path from = directory == WORKING_DIRECTORY ? null : find(directory).path();
    ask(new Open(operation, from, wanted, flags, permissions, null));
  }

  @Override
  public void openPlace(int place, int flags, FileOperation operation) {
    NioFile found = find(place);
    ask(new Open(operation, null, found.path(), flags, 0, found));
  }

  @Override
  public int adopt(int descriptor) {
    checkOpen();
    lastFile++;
    pipes.add(lastFile, descriptor);
    return lastFile;
  }

  @Override
  public void close(int file, FileOperation operation) {
    checkOpen();
    if (pipes.has(file)) {
      pipes.close(file, operation);
      return;
    }
    NioFile closing = find(file);
    ask(operation, () -> {
      closing.close();
      return 0;
    });
    open.remove(file);
  }

  @Override
  public int register(int file) {
    return file;
  }

  @Override
  public void read(
      int file, long address, int bytes, long position, int region, FileOperation operation) {
    checkOpen();
    if (pipes.has(file)) {
      pipes.read(file, address, bytes, operation);
      return;
    }
    NioFile from = find(file);
    ask(operation, () -> from.read(NativeMemory.at(address, bytes).asByteBuffer(), position));
  }

  @Override
  public void write(
      int file, long address, int bytes, long position, int region, FileOperation operation) {
    checkOpen();
    if (pipes.has(file)) {
      pipes.write(file, address, bytes, operation);
      return;
    }
    NioFile to = find(file);
    ask(operation, () -> to.write(NativeMemory.at(address, bytes).asByteBuffer(), position));
  }

  @Override
  public void writeThenSync(
      int file,
      long address,
      int bytes,
      long position,
      int region,
      FileOperation write,
      FileOperation sync) {
    checkOpen();
    driver.begin(sync);
    try {
      ask(new WriteThenSync(find(file), address, bytes, position, write, sync));
    } catch (RuntimeException refused) {
      driver.abandon(sync);
      throw refused;
    }
  }

  @Override
  public void sync(int file, boolean dataOnly, FileOperation operation) {
    NioFile synced = find(file);
    ask(operation, () -> synced.sync(dataOnly));
  }

  @Override
  public void allocate(int file, long position, long bytes, FileOperation operation) {
    NioFile longer = find(file);
    ask(
        operation,
        () -> position < 0 || bytes <= 0 ? -Errno.EINVAL : longer.lengthen(position + bytes));
  }

  @Override
  public boolean canTruncate() {
    return true;
  }

  @Override
  public void truncate(int file, long bytes, FileOperation operation) {
    NioFile cut = find(file);
    ask(operation, () -> bytes < 0 ? -Errno.EINVAL : cut.truncate(bytes));
  }

  /** Never asked for: {@link #canTruncate} says so. */
  @Override
  public int duplicate(int file) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public int truncateNow(int duplicate, long bytes) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public void rename(String from, String to, FileOperation operation) {
    Path first = NioPaths.of(from);
    Path second = NioPaths.of(to);
    ask(operation, () -> NioPaths.rename(first, second));
  }

  @Override
  public void unlink(String path, boolean isDirectory, FileOperation operation) {
    Path removed = NioPaths.of(path);
    ask(operation, () -> NioPaths.unlink(removed, isDirectory));
  }

  @Override
  public void makeDirectory(String path, int permissions, FileOperation operation) {
    Path made = NioPaths.of(path);
    ask(operation, () -> NioPaths.makeDirectory(made, permissions));
  }

  @Override
  public void status(int file, String path, StatusOperation operation) {
    checkOpen();
    NioFile asked = path.isEmpty() ? find(file) : null;
    Path where = asked == null ? NioPaths.of(path) : asked.path();
    Block facts = blocks.take(Layouts.STATX_BYTES);
    operation.facts = facts;
    try {
      ask(new Status(operation, where, asked));
    } catch (RuntimeException refused) {
      operation.facts = null;
      facts.release();
      throw refused;
    }
  }

  @Override
  public MemorySegment map(int file, long position, long bytes, Arena arena) {
    try {
      return find(file).channel().map(FileChannel.MapMode.READ_ONLY, position, bytes, arena);
    } catch (IOException refused) {
      throw new UringException(
          "cannot map " + find(file).path() + ": " + refused.getMessage(), refused);
    }
  }

  @Override
  public void registerMemory(long bytes) {
    if (registered != null) {
      throw new IllegalStateException("memory is registered already: "
          + registered.byteSize()
          + " bytes; a worker has one registered region");
    }
    registered = NativeMemory.map(bytes, arena);
  }

  @Override
  public MemorySegment registeredMemory() {
    return registered;
  }

  @Override
  public int filesOpenCount() {
    return open.size() + pipes.count();
  }

  // What the driver's turn calls.

  boolean hasAnswers() {
    return !done.isEmpty();
  }

  void deliver() {
    // No more than were under way: an answer may lead to another operation that is done at once.
    for (int left = underWay.size(); left > 0 && !done.isEmpty(); left--) {
      answer(done.poll());
    }
  }

  void cancel(FileOperation operation) {
    NioFileTask task = underWay.get(operation);
    if (task != null) {
      task.skip();
    }
  }

  /** A task is over. The pool's thread. */
  void done(NioFileTask task) {
    done.add(task);
    driver.wake();
  }

  /** Waits for what is under way, which uses memory that goes next, and closes what is open. */
  void close() {
    isClosing = true;
    underWay.values().forEach(NioFileTask::skip);
    long deadline = System.nanoTime() + CLOSE_NANOS_MAX;
    while (!underWay.isEmpty()) {
      if (System.nanoTime() - deadline > 0) {
        throw new UringException("file operations are still under way after "
            + CLOSE_NANOS_MAX / 1_000_000_000
            + " s; their memory is left to the process.\n  Likely cause: a disk or a network file"
            + " system that does not answer. Check dmesg and the mount.");
      }
      if (done.isEmpty()) {
        LockSupport.parkNanos(CLOSE_LOOK_NANOS);
      } else {
        answerClosing(done.poll());
      }
    }
    open.values().forEach(NioFiles::closeQuietly);
    open.clear();
    pipes.closeAll();
    arena.close();
  }

  private static void closeQuietly(NioFile file) {
    try {
      file.close();
    } catch (IOException ignored) {
      // It is closed whatever the system says, and what it says is about writes nobody synced.
    }
  }

  private void answerClosing(NioFileTask task) {
    try {
      answer(task);
    } catch (RuntimeException refused) {
      // It asked for more, of a driver that is being closed: there is nobody left to tell.
      LOG.debug("an answer at the end of a driver was not taken", refused);
    }
  }

  private void answer(NioFileTask task) {
    underWay.remove(task.operation);
    try {
      driver.answer(task.operation, task.finish());
    } finally {
      task.answered();
    }
  }

  private NioFile find(int file) {
    NioFile found = open.get(file);
    if (found == null) {
      throw new IllegalStateException("file " + file + " is used after it was closed");
    }
    return found;
  }

  private void ask(FileOperation operation, Work work) {
    ask(new Simple(operation, work));
  }

  private void ask(NioFileTask task) {
    checkOpen();
    driver.begin(task.operation);
    underWay.put(task.operation, task);
    try {
      NioFilePool.run(task);
    } catch (RuntimeException refused) {
      underWay.remove(task.operation);
      driver.abandon(task.operation);
      throw refused;
    }
  }

  private void checkOpen() {
    if (isClosing) {
      throw new UringException("the worker is stopping and does nothing more with files");
    }
  }

  /** A count ≥ 0 or a negative errno. */
  private interface Work {
    int run() throws IOException;
  }

  private final class Simple extends NioFileTask {
    private final Work work;

    Simple(FileOperation operation, Work work) {
      super(NioFiles.this, operation);
      this.work = work;
    }

    @Override
    int work() throws IOException {
      return work.run();
    }
  }

  private final class Open extends NioFileTask {
    private final Path directory;
    private final Path path;
    private final int flags;
    private final int permissions;
    private final NioFile expected;
    private NioFile file;

    /** With {@code expected}, anything but that very file is refused. */
    Open(
        FileOperation operation,
        Path directory,
        Path path,
        int flags,
        int permissions,
        NioFile expected) {
      super(NioFiles.this, operation);
      this.directory = directory;
      this.path = path;
      this.flags = flags;
      this.permissions = permissions;
      this.expected = expected;
    }

    @Override
    int work() throws IOException {
      Path found = directory == null ? path : NioPaths.beneath(directory, path);
      NioFile opened = NioPaths.open(found, flags, permissions);
      if (expected != null && !opened.isSame(expected)) {
        opened.close();
        return -Errno.ESTALE;
      }
      file = opened;
      return 0;
    }

    @Override
    int finish() {
      if (file == null) {
        return result();
      }
      lastFile++;
      open.put(lastFile, file);
      return lastFile;
    }
  }

  private final class WriteThenSync extends NioFileTask {
    private final NioFile file;
    private final long address;
    private final int bytes;
    private final long position;
    private final FileOperation sync;
    private int syncResult = -Errno.ECANCELED;

    WriteThenSync(
        NioFile file,
        long address,
        int bytes,
        long position,
        FileOperation write,
        FileOperation sync) {
      super(NioFiles.this, write);
      this.file = file;
      this.address = address;
      this.bytes = bytes;
      this.position = position;
      this.sync = sync;
    }

    @Override
    int work() throws IOException {
      int written = file.write(NativeMemory.at(address, bytes).asByteBuffer(), position);
      if (written == bytes) {
        try {
          syncResult = file.sync(true);
        } catch (IOException refused) {
          syncResult = -NioErrors.errno(refused);
        }
      }
      return written;
    }

    @Override
    void answered() {
      driver.answer(sync, syncResult);
    }
  }

  private final class Status extends NioFileTask {
    private final StatusOperation asking;
    private final Path path;
    private final NioFile file;
    private NioFileStatus status;

    /** Of an open file, or of a path when {@code file} is null. */
    Status(StatusOperation operation, Path path, NioFile file) {
      super(NioFiles.this, operation);
      this.asking = operation;
      this.path = path;
      this.file = file;
    }

    @Override
    int work() throws IOException {
      status = file == null ? NioFileStatus.of(path) : file.status();
      return 0;
    }

    @Override
    int finish() {
      if (status != null) {
        status.write(asking.facts);
      }
      return result();
    }
  }
}
