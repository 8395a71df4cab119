package dev.uring.samples.vm

import java.io.Closeable
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.isDirectory
import kotlin.io.path.isExecutable
import kotlin.io.path.isSymbolicLink
import kotlin.io.path.name
import kotlin.io.path.readSymbolicLink

/**
 * Writes what a Linux kernel unpacks as its first file system: a cpio archive in the format "newc", as in the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 *
 * Names begin without a slash; folders come into being with the first thing in them. Everything belongs to root.
 */
internal class CpioArchive(
    private val out: OutputStream,
) : Closeable {
    private val folders = mutableSetOf("")
    private var entries = 0

    fun folder(name: String) {
        if (!folders.add(name)) return
        folder(name.substringBeforeLast('/', ""))
        entry(name, FOLDER or EXECUTABLE, 0)
    }

    fun file(
        name: String,
        content: ByteArray,
        permissions: Int = READABLE,
    ) {
        folder(name.substringBeforeLast('/', ""))
        entry(name, FILE or permissions, content.size)
        out.write(content)
        pad(content.size)
    }

    /** A file, or a folder with everything below it; links are followed where they are named, and kept below. */
    fun copy(
        name: String,
        source: Path,
    ) {
        if (!source.isDirectory()) {
            file(name, Files.readAllBytes(source), if (source.isExecutable()) EXECUTABLE else READABLE)
            return
        }
        folder(name)
        for (child in Files.list(source).use { it.sorted().toList() }) {
            val childName = "$name/${child.name}"
            if (child.isSymbolicLink()) link(childName, "${child.readSymbolicLink()}") else copy(childName, child)
        }
    }

    private fun link(
        name: String,
        target: String,
    ) {
        val content = target.toByteArray()
        entry(name, LINK or ALL, content.size)
        out.write(content)
        pad(content.size)
    }

    private fun entry(
        name: String,
        mode: Int,
        contentBytes: Int,
    ) {
        val nameBytes = name.toByteArray() + 0
        // Inode, mode, owner, group, links, time, size, four device numbers, length of the name, no checksum.
        val fields = intArrayOf(++entries, mode, 0, 0, 1, 0, contentBytes, 0, 0, 0, 0, nameBytes.size, 0)
        val header = fields.joinToString("", prefix = MAGIC) { "%08x".format(it) }.toByteArray()
        out.write(header)
        out.write(nameBytes)
        pad(header.size + nameBytes.size)
    }

    /** Each part begins at a multiple of four. */
    private fun pad(bytes: Int) = out.write(ByteArray(-bytes and 3))

    override fun close() {
        entry("TRAILER!!!", 0, 0)
        out.close()
    }

    companion object {
        const val EXECUTABLE = 0x1ED // rwxr-xr-x
        private const val READABLE = 0x1A4 // rw-r--r--
        private const val ALL = 0x1FF
        private const val FOLDER = 0x4000
        private const val FILE = 0x8000
        private const val LINK = 0xA000
        private const val MAGIC = "070701"
    }
}
