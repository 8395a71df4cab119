package dev.uring.samples.vm

import java.io.PrintWriter
import java.io.StringWriter
import java.nio.file.Files
import java.nio.file.Path
import java.util.spi.ToolProvider
import kotlin.io.path.Path
import kotlin.io.path.extension
import kotlin.io.path.isExecutable
import kotlin.io.path.isRegularFile
import kotlin.io.path.name
import kotlin.io.path.outputStream
import kotlin.reflect.KClass

/**
 * The first file system of a virtual machine, and all that it has: a shell, a Java runtime with what it needs of this
 * system's libraries, the program, and a script that runs it and switches off.
 *
 * The runtime is cut down from the JDK that runs the tests, so the program meets the same JVM there.
 */
internal class GuestSystem(
    private val folder: Path,
    private val busybox: Path,
) {
    /**
     * Writes the archive.
     *
     * @param program what the machine is there to do: its lines go to the console, then `status=` and how it ended, then
     *     what it said on standard error, which is much where a slow machine's stalls are warned of
     * @param classes one of each jar or folder that the program needs
     */
    fun build(
        program: Program,
        classes: List<KClass<*>>,
    ): Path {
        val runtime = folder.resolve("runtime")
        linkRuntime(runtime)
        val archive = folder.resolve("initramfs.cpio")
        CpioArchive(archive.outputStream().buffered(1 shl 20)).use { cpio ->
            cpio.copy("bin/busybox", busybox)
            cpio.copy("runtime", runtime)
            librariesOf(runtime, busybox).forEach { cpio.copy("$it".removePrefix("/"), it) }
            val classPath =
                classes.map { locationOf(it) }.distinct().mapIndexed { i, source ->
                    // Numbered: in a build that has not made jars, all folders are called the same.
                    "app/$i-${source.name}".also { cpio.copy(it, source) }
                }
            for (mountPoint in listOf("dev", "proc", "sys", "tmp")) cpio.folder(mountPoint)
            cpio.file("init", script(program, classPath).toByteArray(), CpioArchive.EXECUTABLE)
        }
        return archive
    }

    private fun linkRuntime(target: Path) {
        val arguments =
            listOf("--add-modules", MODULES, "--strip-debug", "--no-header-files", "--no-man-pages") +
                listOf("--output", "$target")
        val said = StringWriter()
        val writer = PrintWriter(said)
        val jlink = ToolProvider.findFirst("jlink").orElseThrow { IllegalStateException("this JDK has no jlink") }
        val status = jlink.run(writer, writer, *arguments.toTypedArray())
        check(status == 0) { "jlink ended with $status: $said" }
    }

    /** Under the names by which the programs of [runtime] look for them. */
    private fun librariesOf(vararg sources: Path): List<Path> {
        val binaries =
            sources.flatMap { source ->
                Files.walk(source).use { paths ->
                    paths
                        .filter {
                            it.extension == "so" ||
                                (it.isRegularFile() && it.isExecutable())
                        }.toList()
                }
            }
        val ldd = ProcessBuilder(listOf("ldd") + binaries.map { "$it" }).redirectErrorStream(true).start()
        val libraries = ldd.inputReader().readLines().mapNotNull { LIBRARY.find(it)?.groupValues?.get(1) }
        return libraries.distinct().map { Path(it) }.filter { !it.startsWith(folder) }
    }

    private fun locationOf(type: KClass<*>): Path =
        Path.of(
            type.java.protectionDomain.codeSource.location
                .toURI(),
        )

    private fun script(
        program: Program,
        classPath: List<String>,
    ): String {
        val java =
            listOf("/runtime/bin/java") + program.jvmOptions + listOf("-cp", classPath.joinToString(":") { "/$it" })
        return """
            |#!/bin/busybox sh
            |/bin/busybox --install -s /bin
            |export PATH=/bin LC_ALL=C.UTF-8
            |mount -t devtmpfs dev /dev
            |mount -t proc proc /proc
            |mount -t sysfs sys /sys
            |for device in ${program.devices.joinToString(" ")}; do
            |  until [ -e "${'$'}device" ]; do sleep 0.1; done
            |done
            |${(java + program.mainClass + program.arguments).joinToString(" ")} 2>/errors
            |echo "status=${'$'}?"
            |cat /errors
            |poweroff -f
            |
            """.trimMargin()
    }

    /**
     * What the machine runs when [devices] are there.
     */
    class Program(
        val mainClass: String,
        val arguments: List<String>,
        val devices: List<String>,
        val jvmOptions: List<String>,
    )

    private companion object {
        const val MODULES = "java.base,jdk.jfr,jdk.unsupported"

        // "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x…)", and the loader without an arrow.
        val LIBRARY = Regex("(?:=> |^\\s*)(/\\S+) \\(0x")
    }
}
