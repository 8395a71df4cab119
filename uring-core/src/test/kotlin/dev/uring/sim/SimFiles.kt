package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.abi.Fcntl
import dev.uring.abi.Layouts
import dev.uring.base.UringException
import dev.uring.buffer.BlockPool
import dev.uring.driver.FileDriver
import dev.uring.driver.FileOperation
import dev.uring.driver.FileSide
import dev.uring.driver.StatusOperation
import dev.uring.ffi.NativeMemory
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.nio.file.Path
import java.util.function.ObjIntConsumer

/** Files of a worker, on its host's [SimDisk]. Direct I/O is refused, as by a file system that has none. */
internal class SimFiles(
    private val driver: SimDriver,
    private val blocks: BlockPool,
    private val arena: Arena,
) : FileDriver {
    private val disk = driver.host.disk
    private val open = LinkedHashMap<Int, Opened>()
    private var lastFile = FILE_FIRST - 1
    private var registered: MemorySegment? = null

    private class Opened(
        val file: SimFile,
        val path: String,
    )

    override fun open(
        directory: Int,
        path: String,
        flags: Int,
        permissions: Int,
        operation: FileOperation,
    ) {
        val from = if (directory == FileDriver.WORKING_DIRECTORY) null else find(directory).path
        ask("open", operation) {
            val whole = if (from == null) absolute(path) else beneath(from, path)
            if (whole ==
                null
            ) {
                -Errno.EXDEV
            } else {
                disk.open(whole, flags).let { (file, errno) ->
                    if (file ==
                        null
                    ) {
                        errno
                    } else {
                        opened(file, whole)
                    }
                }
            }
        }
    }

    override fun openPlace(
        place: Int,
        flags: Int,
        operation: FileOperation,
    ) {
        val found = find(place)
        ask("open place", operation) { opened(found.file, found.path) }
    }

    override fun close(
        file: Int,
        operation: FileOperation,
    ) {
        find(file)
        ask("close file", operation) {
            open.remove(file)
            0
        }
    }

    override fun register(file: Int): Int = file

    override fun read(
        file: Int,
        address: Long,
        bytes: Int,
        position: Long,
        region: Int,
        operation: FileOperation,
    ) {
        val from = find(file).file
        ask("read", operation) {
            val found = from.read(position.toInt(), shortened(bytes))
            MemorySegment.copy(found, 0, NativeMemory.at(address, bytes.toLong()), ValueLayout.JAVA_BYTE, 0, found.size)
            found.size
        }
    }

    override fun write(
        file: Int,
        address: Long,
        bytes: Int,
        position: Long,
        region: Int,
        operation: FileOperation,
    ) {
        val to = find(file).file
        val given = bytesAt(address, bytes)
        ask("write", operation) { write(to, given, address, position) }
    }

    override fun writeThenSync(
        file: Int,
        address: Long,
        bytes: Int,
        position: Long,
        region: Int,
        write: FileOperation,
        sync: FileOperation,
    ) {
        val to = find(file).file
        val given = bytesAt(address, bytes)
        val syncing = driver.ask("sync", null, sync) {}
        driver.ask("write", null, write) { asking ->
            asking.later {
                val written = failure() ?: write(to, given, address, position)
                asking.finish(written)
                syncing.later { syncing.finish(if (written == bytes) failure() ?: synced(to) else -Errno.ECANCELED) }
            }
        }
    }

    override fun sync(
        file: Int,
        dataOnly: Boolean,
        operation: FileOperation,
    ) {
        val synced = find(file).file
        ask("sync", operation) { synced(synced) }
    }

    override fun allocate(
        file: Int,
        position: Long,
        bytes: Long,
        operation: FileOperation,
    ) {
        val longer = find(file).file
        ask("allocate", operation) {
            if (longer.size < position + bytes) longer.truncate((position + bytes).toInt())
            0
        }
    }

    override fun canTruncate(): Boolean = true

    override fun truncate(
        file: Int,
        bytes: Long,
        operation: FileOperation,
    ) {
        val cut = find(file).file
        ask("truncate", operation) {
            if (bytes < 0) return@ask -Errno.EINVAL
            cut.truncate(bytes.toInt())
            0
        }
    }

    override fun duplicate(file: Int): Int = SimDriver.UNSUPPORTED

    override fun truncateNow(
        duplicate: Int,
        bytes: Long,
    ): Int = SimDriver.UNSUPPORTED

    override fun rename(
        from: String,
        to: String,
        operation: FileOperation,
    ) = ask("rename", operation) { disk.rename(absolute(from), absolute(to)) }

    override fun unlink(
        path: String,
        isDirectory: Boolean,
        operation: FileOperation,
    ) = ask("unlink", operation) { disk.unlink(absolute(path), isDirectory) }

    override fun makeDirectory(
        path: String,
        permissions: Int,
        operation: FileOperation,
    ) = ask("make directory", operation) { disk.create(absolute(path), isDirectory = true).second }

    override fun list(
        path: String,
        entries: ObjIntConsumer<String>,
        operation: FileOperation,
    ): Boolean {
        ask("list", operation) { disk.list(absolute(path)) { name, file -> entries.accept(name, modeOf(file)) } }
        return true
    }

    override fun status(
        file: Int,
        path: String,
        operation: StatusOperation,
    ) {
        val asked = if (path.isEmpty()) find(file).file else null
        val facts = FileSide.prepare(operation, blocks)
        // The worker's own memory: what is known is written on its thread, when the answer is.
        ask("status", operation) {
            val found = asked ?: disk.find(absolute(path))
            if (found ==
                null
            ) {
                -Errno.ENOENT
            } else {
                0.also { tell(found, NativeMemory.at(facts.address(), facts.byteSize())) }
            }
        }
    }

    override fun map(
        file: Int,
        position: Long,
        bytes: Long,
        arena: Arena,
    ): MemorySegment {
        val content = find(file).file.read(position.toInt(), bytes.toInt())
        return arena.allocate(bytes).also { MemorySegment.copy(content, 0, it, ValueLayout.JAVA_BYTE, 0, content.size) }
    }

    override fun registerMemory(bytes: Long) {
        check(registered == null) { "memory is registered already; a worker has one registered region" }
        registered = arena.allocate(bytes, PAGE_BYTES)
    }

    override fun registeredMemory(): MemorySegment? = registered

    override fun filesOpenCount(): Int = open.size

    private fun opened(
        file: SimFile,
        path: String,
    ): Int {
        lastFile++
        open[lastFile] = Opened(file, path)
        return lastFile
    }

    private fun write(
        to: SimFile,
        given: ByteArray,
        address: Long,
        position: Long,
    ): Int {
        if (!bytesAt(address, given.size).contentEquals(given)) {
            throw driver.world.fail("memory of a write to a file was changed before its answer")
        }
        return disk.write(to, given, position.toInt())
    }

    private fun synced(file: SimFile): Int = 0.also { file.sync() }

    private fun shortened(bytes: Int): Int {
        val world = driver.world
        return if (bytes > 1 && world.chance(world.faults.shortReads)) world.random.nextInt(1, bytes) else bytes
    }

    private fun bytesAt(
        address: Long,
        bytes: Int,
    ) = ByteArray(bytes).also {
        MemorySegment.copy(NativeMemory.at(address, bytes.toLong()), ValueLayout.JAVA_BYTE, 0, it, 0, bytes)
    }

    private fun tell(
        file: SimFile,
        facts: MemorySegment,
    ) {
        facts.fill(0)
        facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_MASK.toLong(), Fcntl.STATX_BASIC_STATS)
        facts.set(ValueLayout.JAVA_SHORT_UNALIGNED, Layouts.STATX_MODE.toLong(), modeOf(file).toShort())
        facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_NLINK.toLong(), 1)
        facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_INO.toLong(), file.inode)
        facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_SIZE.toLong(), file.size.toLong())
        facts.set(
            ValueLayout.JAVA_LONG_UNALIGNED,
            Layouts.STATX_BLOCKS.toLong(),
            (file.size + BLOCK_BYTES - 1L) / BLOCK_BYTES,
        )
    }

    private fun modeOf(file: SimFile): Int = (if (file.isDirectory) Fcntl.S_IFDIR else Fcntl.S_IFREG) or PERMISSIONS

    private fun ask(
        kind: String,
        operation: FileOperation,
        work: () -> Int,
    ) {
        driver.ask(kind, null, operation) { asking -> asking.later { asking.finish(failure() ?: work()) } }
    }

    private fun failure(): Int? {
        val world = driver.world
        return if (world.chance(world.faults.fileFailures)) -Errno.EIO else null
    }

    private fun find(file: Int): Opened =
        open[file] ?: throw driver.world.fail("file $file of ${driver.host} is used after it was closed")

    private fun absolute(path: String): String {
        if (path.indexOf('\u0000') >= 0) throw UringException("path has a NUL character")
        return Path
            .of("/")
            .resolve(path)
            .normalize()
            .toString()
    }

    // Null when the path leads out of the directory.
    private fun beneath(
        directory: String,
        path: String,
    ): String? {
        val whole = Path.of(directory).resolve(path).normalize()
        return if (path.startsWith("/") || !whole.startsWith(directory)) null else whole.toString()
    }

    private companion object {
        const val FILE_FIRST = 3
        const val PAGE_BYTES = 4_096L
        const val BLOCK_BYTES = 512
        const val PERMISSIONS = 420 // rw-r--r--
    }
}
