package dev.uring.driver;

import dev.uring.abi.Fcntl;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.base.RingSetupException;
import dev.uring.base.UringException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockPool;
import dev.uring.ffi.Libc;
import dev.uring.ring.DirectDescriptors;
import dev.uring.ring.RegisteredBuffers;
import dev.uring.ring.RingFeature;
import dev.uring.ring.Sqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Files on the ring of a {@link UringDriver}.
 *
 * <p>None of the operations blocks the driver's thread: the kernel tries a read or write of cached
 * pages at once, waits for a disk by interrupt, and gives everything that may sleep, such as
 * opening and syncing, to threads of its own.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class UringFiles implements FileDriver {
  // Names of registered files: the slot with a bit that no descriptor has.
  private static final int REGISTERED_BIT = 1 << 30;

  // Registered files of one worker: 1024 hot files are more than the disks below have queues for,
  // and the kernel refuses tables longer than the limit of open files, whose usual floor this is.
  private static final int REGISTERED_MAX = 1024;

  private final UringDriver driver;
  private final BlockPool blocks;

  // Descriptors that are open, and, at the index of a descriptor, its slot plus one.
  private final BitSet open = new BitSet();
  private int[] slotOfFile = new int[0];

  private final BitSet slotsTaken = new BitSet();
  private DirectDescriptors table;
  private RegisteredBuffers registered;
  private boolean isClosing;

  UringFiles(UringDriver driver, BlockPool blocks) {
    this.driver = driver;
    this.blocks = blocks;
  }

  @Override
  public void open(
      int directory, String path, int flags, int permissions, FileOperation operation) {
    byte[] encoded = encode(path);
    Block block = take(Layouts.OPEN_HOW_BYTES + encoded.length);
    MemorySegment memory = block.memory();
    long how = block.offset();
    long resolve =
        directory == WORKING_DIRECTORY ? 0 : Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_NO_MAGICLINKS;
    memory.set(
        ValueLayout.JAVA_LONG,
        how + Layouts.OPEN_HOW_FLAGS,
        Integer.toUnsignedLong(flags | Fcntl.O_CLOEXEC));
    memory.set(ValueLayout.JAVA_LONG, how + Layouts.OPEN_HOW_MODE, permissions);
    memory.set(ValueLayout.JAVA_LONG, how + Layouts.OPEN_HOW_RESOLVE, resolve);
    long at = write(encoded, block, Layouts.OPEN_HOW_BYTES);
    operation.description = block;
    operation.opening = this;
    ask(
        next().prepOpenat2(directory, at, memory.address() + how, Layouts.OPEN_HOW_BYTES),
        operation);
  }

  @Override
  public void openPlace(int place, int flags, FileOperation operation) {
    open(WORKING_DIRECTORY, "/proc/self/fd/" + place, flags, 0, operation);
  }

  /** Hears of every file that an open has brought, before the one who asked for it. */
  void opened(int file) {
    open.set(file);
  }

  @Override
  public int adopt(int descriptor) {
    checkOpen();
    open.set(descriptor);
    return descriptor;
  }

  @Override
  public void close(int file, FileOperation operation) {
    unregister(file);
    Sqe sqe = next();
    // From here on the number may be another file's as soon as the kernel has it.
    open.clear(file);
    ask(sqe.prepClose(file), operation);
  }

  @Override
  public int register(int file) {
    try {
      if (table == null) {
        table = driver.ring.newDirectDescriptors(REGISTERED_MAX);
      }
      int slot = slotsTaken.nextClearBit(0);
      if (slot >= REGISTERED_MAX) {
        return file;
      }
      table.put(slot, file);
      slotsTaken.set(slot);
      if (slotOfFile.length <= file) {
        slotOfFile = Arrays.copyOf(slotOfFile, Math.max(file + 1, slotOfFile.length * 2));
      }
      slotOfFile[file] = slot + 1;
      return slot | REGISTERED_BIT;
    } catch (RingSetupException refused) {
      // It is an economy and nothing more.
      return file;
    }
  }

  @Override
  public void read(
      int file, long address, int bytes, long position, int region, FileOperation operation) {
    Sqe sqe = next();
    if (region == UNREGISTERED) {
      sqe.prepRead(descriptor(file), address, bytes, position);
    } else {
      sqe.prepReadFixed(descriptor(file), address, bytes, position, region);
    }
    ask(named(sqe, file), operation);
  }

  @Override
  public void write(
      int file, long address, int bytes, long position, int region, FileOperation operation) {
    ask(prepareWrite(file, address, bytes, position, region), operation);
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
    // A chain ends where a submission does: both entries must go into the kernel together.
    driver.makeRoom(2);
    ask(prepareWrite(file, address, bytes, position, region).flags(IoUring.IOSQE_IO_LINK), write);
    sync(file, true, sync);
  }

  @Override
  public void sync(int file, boolean dataOnly, FileOperation operation) {
    int flags = dataOnly ? IoUring.IORING_FSYNC_DATASYNC : 0;
    ask(named(next().prepFsync(descriptor(file), flags), file), operation);
  }

  @Override
  public void allocate(int file, long position, long bytes, FileOperation operation) {
    ask(next().prepFallocate(file, 0, position, bytes), operation);
  }

  @Override
  public boolean canTruncate() {
    return driver.ring.uses(RingFeature.FTRUNCATE);
  }

  @Override
  public void truncate(int file, long bytes, FileOperation operation) {
    ask(next().prepFtruncate(file, bytes), operation);
  }

  @Override
  public int duplicate(int file) {
    return Libc.duplicate(file);
  }

  @Override
  public int truncateNow(int duplicate, long bytes) {
    int result = Libc.ftruncate(duplicate, bytes);
    Libc.close(duplicate);
    return result;
  }

  @Override
  public void rename(String from, String to, FileOperation operation) {
    byte[] first = encode(from);
    byte[] second = encode(to);
    Block block = take(first.length + second.length);
    long firstAt = write(first, block, 0);
    long secondAt = write(second, block, first.length);
    operation.description = block;
    ask(next().prepRenameat(WORKING_DIRECTORY, firstAt, WORKING_DIRECTORY, secondAt, 0), operation);
  }

  @Override
  public void unlink(String path, boolean isDirectory, FileOperation operation) {
    int flags = isDirectory ? Fcntl.AT_REMOVEDIR : 0;
    long at = describe(path, operation);
    ask(next().prepUnlinkat(WORKING_DIRECTORY, at, flags), operation);
  }

  @Override
  public void makeDirectory(String path, int permissions, FileOperation operation) {
    long at = describe(path, operation);
    ask(next().prepMkdirat(WORKING_DIRECTORY, at, permissions), operation);
  }

  @Override
  public void status(int file, String path, StatusOperation operation) {
    byte[] encoded = encode(path);
    Block block = take(Layouts.STATX_BYTES + encoded.length);
    long at = write(encoded, block, Layouts.STATX_BYTES);
    operation.facts = block;
    int flags = path.isEmpty() ? Fcntl.AT_EMPTY_PATH : 0;
    int mask = Fcntl.STATX_BASIC_STATS | Fcntl.STATX_DIOALIGN;
    ask(
        next().prepStatx(file, at, flags, mask, block.memory().address() + block.offset()),
        operation);
  }

  @Override
  public MemorySegment map(int file, long position, long bytes, Arena arena) {
    return Libc.mmap(bytes, Posix.PROT_READ, Posix.MAP_SHARED, file, position, arena);
  }

  @Override
  public void registerMemory(long bytes) {
    if (registered != null) {
      throw new IllegalStateException("memory is registered already: "
          + registered.memory().byteSize()
          + " bytes; a worker has one registered region");
    }
    registered = driver.ring.newRegisteredBuffers(bytes);
  }

  @Override
  public MemorySegment registeredMemory() {
    return registered == null ? null : registered.memory();
  }

  @Override
  public int filesOpenCount() {
    return open.cardinality();
  }

  /** Refuses whatever is asked for from now on. */
  void closing() {
    isClosing = true;
  }

  /** Closes what is open; no operation is under way any more. */
  void closeFiles() {
    open.stream().forEach(Libc::close);
    open.clear();
  }

  /** After the ring's close: the kernel has let go of the registered memory. */
  void releaseMemory() {
    if (registered != null) {
      registered.release();
    }
  }

  private Sqe prepareWrite(int file, long address, int bytes, long position, int region) {
    Sqe sqe = next();
    if (region == UNREGISTERED) {
      sqe.prepWrite(descriptor(file), address, bytes, position);
    } else {
      sqe.prepWriteFixed(descriptor(file), address, bytes, position, region);
    }
    return named(sqe, file);
  }

  private Sqe next() {
    checkOpen();
    return driver.next();
  }

  private void checkOpen() {
    if (isClosing) {
      throw new UringException("the worker is stopping and does nothing more with files");
    }
  }

  private void ask(Sqe sqe, FileOperation operation) {
    sqe.userData(driver.table.begin(operation));
  }

  private static int descriptor(int file) {
    return file & ~REGISTERED_BIT;
  }

  private static Sqe named(Sqe sqe, int file) {
    return (file & REGISTERED_BIT) == 0 ? sqe : sqe.fixedFile();
  }

  private void unregister(int file) {
    if (file < slotOfFile.length && slotOfFile[file] != 0) {
      int slot = slotOfFile[file] - 1;
      slotOfFile[file] = 0;
      table.clear(slot);
      slotsTaken.clear(slot);
    }
  }

  private Block take(int bytes) {
    checkOpen();
    return blocks.take(bytes);
  }

  private long describe(String path, FileOperation operation) {
    byte[] encoded = encode(path);
    Block block = take(encoded.length);
    operation.description = block;
    return write(encoded, block, 0);
  }

  private static long write(byte[] bytes, Block block, long from) {
    long at = block.offset() + from;
    MemorySegment.copy(bytes, 0, block.memory(), ValueLayout.JAVA_BYTE, at, bytes.length);
    return block.memory().address() + at;
  }

  // With the zero at its end. One inside would end the path there, at a file that nobody meant.
  private static byte[] encode(String path) {
    if (path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "path has a NUL character at index " + path.indexOf('\0') + " of " + path.length());
    }
    byte[] text = path.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(text, text.length + 1);
  }
}
