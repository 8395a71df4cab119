package dev.uring.file

import dev.uring.base.FileException
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.await
import dev.uring.testing.driverTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.io.path.createDirectory
import kotlin.io.path.deleteExisting
import kotlin.io.path.moveTo
import kotlin.io.path.writeText

private const val ENOENT = 2

class FileWatchKernelTest :
    FunSpec({
        driverTest("what happens in a directory is told in its order, with names and the cookie of a rename") {
            withFiles { bench ->
                val events = Recorded()
                val watch = bench.watch(listener = events)
                val file = bench.directory.resolve("ü 1")
                file.writeText("content")
                file.moveTo(bench.directory.resolve("two"))
                bench.directory.resolve("sub").createDirectory()
                bench.directory.resolve("two").deleteExisting()
                val seen = List(6) { events.next() }
                seen.map { "${it.kind()} ${it.name()}" } shouldBe
                    listOf("CREATED ü 1", "WRITTEN ü 1", "MOVED_FROM ü 1", "MOVED_TO two", "CREATED sub", "DELETED two")
                seen[2].cookie() shouldBe seen[3].cookie()
                seen[2].cookie() shouldNotBe 0
                seen.map { it.isDirectory } shouldBe listOf(false, false, false, false, true, false)
                watch.close()
                events.ended() shouldBe null
            }
        }

        driverTest("only the kinds that were asked for are told") {
            withFiles { bench ->
                val events = Recorded()
                val watch = bench.watch(setOf(FileEventKind.DELETED), events)
                bench.directory.resolve("a").writeText("x")
                bench.directory.resolve("a").deleteExisting()
                events.next() shouldBe FileEvent(FileEventKind.DELETED, "a", 0, false)
                watch.close()
                events.ended()
                events.waiting shouldBe 0
            }
        }

        driverTest("a watched file that is removed ends its watch, after everything else") {
            withFiles { bench ->
                val file = bench.directory.resolve("file")
                file.writeText("")
                val events = Recorded()
                bench.watch(
                    setOf(FileEventKind.MODIFIED, FileEventKind.SELF_DELETED, FileEventKind.SELF_MOVED),
                    events,
                    "file",
                )
                file.writeText("more")
                file.moveTo(bench.directory.resolve("moved"))
                bench.directory.resolve("moved").deleteExisting()
                generateSequence {
                    events.next().kind()
                }.takeWhile { it != FileEventKind.WATCH_REMOVED }.toList().distinct() shouldBe
                    listOf(FileEventKind.MODIFIED, FileEventKind.SELF_MOVED, FileEventKind.SELF_DELETED)
                events.ended() shouldBe null
            }
        }

        driverTest("events wait in the kernel while it is paused, and one too many is an overflow") {
            withFiles { bench ->
                val max = Files.readAllLines(Path.of("/proc/sys/fs/inotify/max_queued_events")).single().toInt()
                val events = Recorded()
                val watch = bench.watch(setOf(FileEventKind.ATTRIBUTES_CHANGED), events)
                bench.onWorker { watch.pause() }
                val names = listOf("a", "b")
                names.forEach { bench.directory.resolve(it).writeText("") }
                // In turns: equal ones that follow each other are joined.
                repeat(max + 10) {
                    val file = bench.directory.resolve(names[it % 2]).toFile()
                    check(file.setLastModified(1_000_000L * (it + 1)))
                }
                bench.onWorker { watch.resume() }
                var told = 0
                while (events.next().kind() != FileEventKind.OVERFLOWED) told++
                told shouldBeGreaterThan max - 20
                // It goes on behind the gap.
                await { events.waiting == 0 }
                bench.directory
                    .resolve("a")
                    .toFile()
                    .setLastModified(5_000)
                events.next().kind() shouldBe FileEventKind.ATTRIBUTES_CHANGED
                watch.close()
                events.ended()
            }
        }

        driverTest("paused in the middle of a burst, it tells the rest afterwards, and no event twice") {
            withFiles { bench ->
                val events = Recorded(pauseAfterEach = true)
                val watch = bench.watch(setOf(FileEventKind.CREATED), events)
                val names = List(500) { "file-$it" }
                names.forEach { bench.directory.resolve(it).writeText("") }
                names.map {
                    events.next().name().also {
                        events.waiting shouldBe 0
                        bench.onWorker { watch.resume() }
                    }
                } shouldBe names
                watch.close()
                events.ended()
            }
        }

        driverTest("a watch that is closed as soon as it is open ends, however the two meet") {
            withFiles { bench ->
                repeat(200) {
                    val events = Recorded()
                    bench.watch(setOf(FileEventKind.CREATED), events).close()
                    events.ended()
                }
            }
        }

        driverTest("a path that is not there is refused with its errno, and a watch for nothing at once") {
            withFiles { bench ->
                val refusal =
                    shouldThrow<FileException> { bench.watch(listener = Recorded(), name = "missing") }
                refusal.errno() shouldBe ENOENT
                refusal.message!! shouldContain "cannot watch ${bench.path("missing")}: ENOENT"
                shouldThrow<IllegalArgumentException> { bench.watch(emptySet(), Recorded()) }
                shouldThrow<IllegalArgumentException> { bench.watch(setOf(FileEventKind.OVERFLOWED), Recorded()) }
            }
        }

        driverTest("a listener that throws is counted, and told on; a worker's end ends its watches") {
            val events = Recorded(thrown = IllegalStateException("thrown by the test"))
            withFiles { bench ->
                bench.watch(setOf(FileEventKind.CREATED), events)
                bench.directory.resolve("a").writeText("")
                bench.directory.resolve("b").writeText("")
                List(2) { events.next().name() } shouldBe listOf("a", "b")
                await { bench.worker.snapshot().failures() == 2L }
            }
            events.ended() shouldBe null
        }
    })

private class Recorded(
    private val pauseAfterEach: Boolean = false,
    private val thrown: RuntimeException? = null,
) : FileWatchListener {
    private val events = LinkedBlockingQueue<FileEvent>()
    private val ended = CompletableFuture<FileException?>()

    val waiting: Int get() = events.size

    fun next(): FileEvent = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("no event")

    fun ended(): FileException? = ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS)

    override fun onEvent(
        watch: FileWatch,
        event: FileEvent,
    ) {
        check(!ended.isDone) { "an event after the end" }
        if (pauseAfterEach) watch.pause()
        events += event
        thrown?.let { throw it }
    }

    override fun onEnd(
        watch: FileWatch,
        failure: FileException?,
    ) {
        check(ended.complete(failure)) { "ended twice" }
    }
}

private fun FileBench.watch(
    kinds: Set<FileEventKind> = FileEventKind.CHANGES,
    listener: FileWatchListener,
    name: String = "",
): FileWatch = FileWatch.open(worker, if (name.isEmpty()) directory.toString() else path(name), kinds, listener).value()
