package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.file.FileEventKind
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.createDirectory
import kotlin.io.path.deleteExisting
import kotlin.io.path.moveTo
import kotlin.io.path.pathString
import kotlin.io.path.writeText

class WatchKernelTest :
    FunSpec({
        driverTest("changes of a directory come in their order, a burst without a gap, a rename with one cookie") {
            withDirectory { directory ->
                testUring {
                    val names = List(300) { "file-$it" }
                    val begun = CompletableDeferred<Unit>()
                    val events =
                        async {
                            watch(
                                directory.pathString,
                                setOf(FileEventKind.CREATED, FileEventKind.MOVED_FROM, FileEventKind.MOVED_TO),
                            ).onEach { begun.complete(Unit) }
                                .toListUntil { it.name() == "last" }
                        }
                    // The watch begins off the worker: until then a name is missed, and made again.
                    while (!begun.isCompleted) {
                        val probe = directory.resolve("probe")
                        probe.writeText("")
                        probe.deleteExisting()
                        kotlinx.coroutines.delay(1)
                    }
                    names.forEach { directory.resolve(it).writeText("") }
                    directory.resolve("file-0").moveTo(directory.resolve("last"))
                    val told = events.await().filter { it.name() != "probe" }
                    told.map { it.name() } shouldBe names + "file-0" + "last"
                    told.takeLast(2).map { it.kind() } shouldBe listOf(FileEventKind.MOVED_FROM, FileEventKind.MOVED_TO)
                    told
                        .takeLast(2)
                        .map { it.cookie() }
                        .distinct()
                        .size shouldBe 1
                }
            }
        }

        driverTest("the flow completes when the path is gone") {
            withDirectory { directory ->
                testUring {
                    val watched = directory.resolve("sub").createDirectory()
                    val begun = CompletableDeferred<Unit>()
                    val kinds = setOf(FileEventKind.CREATED, FileEventKind.SELF_DELETED)
                    val events =
                        async {
                            watch(watched.pathString, kinds).onEach { begun.complete(Unit) }.toList()
                        }
                    while (!begun.isCompleted) {
                        val probe = watched.resolve("probe")
                        probe.writeText("")
                        probe.deleteExisting()
                        kotlinx.coroutines.delay(1)
                    }
                    watched.deleteExisting()
                    events.await().map { it.kind() }.filter { it != FileEventKind.CREATED } shouldBe
                        listOf(FileEventKind.SELF_DELETED, FileEventKind.WATCH_REMOVED)
                }
            }
        }

        driverTest("a cancelled collector ends its watch, and a path that is not there is an exception of collect") {
            withDirectory { directory ->
                testUring {
                    val before = watches()
                    val watching = launch { watch(directory.pathString).collect {} }
                    while (watches() == before) kotlinx.coroutines.delay(1)
                    watching.cancelAndJoin()
                    while (watches() != before) kotlinx.coroutines.delay(1)
                    shouldThrow<FileException> { watch(directory.resolve("none").pathString).take(1).first() }
                        .errno() shouldBe 2
                    watches() shouldBe before
                }
            }
        }
    })

private suspend fun <T> kotlinx.coroutines.flow.Flow<T>.toListUntil(isLast: (T) -> Boolean): List<T> {
    val all = ArrayList<T>()
    first {
        all += it
        isLast(it)
    }
    return all
}

private fun watches(): Int =
    Files.list(Path.of("/proc/self/fd")).use { entries ->
        entries
            .toList()
            .count { runCatching { Files.readSymbolicLink(it).toString() }.getOrDefault("") == "anon_inode:inotify" }
    }

private suspend fun withDirectory(body: suspend (Path) -> Unit) {
    val directory = Files.createTempDirectory("watch")
    try {
        body(directory)
    } finally {
        directory.toFile().deleteRecursively()
    }
}
