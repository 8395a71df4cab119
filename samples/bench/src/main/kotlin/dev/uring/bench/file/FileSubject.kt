package dev.uring.bench.file

import dev.uring.bench.BenchSession
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import kotlinx.serialization.json.jsonPrimitive
import java.nio.file.Path

/** The file that a bench reads. */
class TestFile(
    val path: Path,
    val blocks: Long,
) {
    val arguments: List<String> = listOf(path.toString(), blocks.toString())
}

/**
 * A program that reads the file, in a process of its own.
 *
 * @property unavailable why it cannot run here, or null
 */
class FileSubject private constructor(
    val name: String,
    private val command: (BenchSession, TestFile) -> List<String>,
    val unavailable: (BenchSession) -> String?,
) {
    /** Starts it on the server's CPU and waits until it is ready. */
    fun start(
        session: BenchSession,
        file: TestFile,
    ): RunningFileSubject {
        val child = session.pool.start(name, session.placement.onServerCpu(command(session, file)))
        return RunningFileSubject(name, ControlledProcess(child))
    }

    companion object {
        private const val PACKAGE = "dev.uring.bench.file"

        /** In table order: ours, then the JDK's, then the physical limit. */
        val ALL: List<FileSubject> =
            listOf(
                java("uring-callback", "UringFileReader") { it.ioUringUnavailable },
                java("uring-dsl", "UringDslFileReader") { it.ioUringUnavailable },
                java("file-channel", "ChannelFileReader") { null },
                java("async-file-channel", "AsyncChannelFileReader") { null },
                FileSubject(
                    "c-uring",
                    { session, file -> listOf(session.native.executable("file_uring").toString()) + file.arguments },
                ) { it.native.unavailable ?: it.ioUringUnavailable },
            )

        /** The callback program, slowed: never in a table, only for the self-check. */
        val SLOWED = java("slowed-twin", "UringFileReader", listOf("slowed")) { it.ioUringUnavailable }

        private fun java(
            name: String,
            mainClass: String,
            more: List<String> = emptyList(),
            unavailable: (BenchSession) -> String?,
        ) = FileSubject(
            name,
            { _, file -> JavaCommand.of("$PACKAGE.$mainClass", JavaCommand.FLAGS, file.arguments + more) },
            unavailable,
        )
    }
}

/** A started program; its pool ends it. */
class RunningFileSubject(
    val name: String,
    val process: ControlledProcess,
) {
    /** What it says about its settings. */
    val settings: String =
        process.announcement
            .getValue("settings")
            .jsonPrimitive.content
}
