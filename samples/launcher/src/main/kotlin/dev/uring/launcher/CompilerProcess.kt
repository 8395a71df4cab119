package dev.uring.launcher

import dev.uring.script.ScriptHost
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.pathString

/**
 * Compiles scripts in a JVM of its own.
 *
 * The compiler leaves 10,000 classes, their compiled code and a grown heap behind: a server that compiled its own script
 * would carry them for its life. A second JVM costs 50 ms once per edit, and it can start from an archive of the compiler,
 * which makes it quicker than compiling in place: 1.3 s against 3.3 s.
 */
internal class CompilerProcess(
    private val cacheFolder: Path,
) : ScriptHost.Compiler {
    override fun compile(file: Path): Int {
        val java = Path(System.getProperty("java.home"), "bin", "java").pathString
        val archive =
            System
                .getProperty(
                    "uring.compiler.archive",
                )?.let { listOf("-XX:SharedArchiveFile=$it") }
                .orEmpty()
        val classPath = System.getProperty("java.class.path")
        val command =
            listOf(java) + COMPILER_FLAGS + archive +
                listOf(
                    "-cp",
                    classPath,
                    "dev.uring.launcher.MainKt",
                    "compile",
                    "--cache",
                    cacheFolder.pathString,
                    file.pathString,
                )
        return ProcessBuilder(command).inheritIO().start().waitFor()
    }

    private companion object {
        // The same as in ./uring, which makes the archive: an archive fits only the collector it was made with.
        val COMPILER_FLAGS =
            listOf(
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xlog:aot*=off,cds*=off",
            )
    }
}
