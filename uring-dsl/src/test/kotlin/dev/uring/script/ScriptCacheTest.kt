package dev.uring.script

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.file.attribute.FileTime
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlin.io.path.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readText
import kotlin.io.path.setLastModifiedTime

class ScriptCacheTest :
    FunSpec({
        val library = tempfile()
        val folder = tempdir().toPath()
        val cache = ScriptCache(folder, listOf(library))

        fun script(
            text: String,
            name: String = "a.uring.kts",
        ) = ScriptText(Path(name), text)

        fun store(
            script: ScriptText,
            content: String,
        ) = cache.store(script) { out ->
            out.write(content.toByteArray())
            true
        }

        test("what was stored is found, for the same name and text only") {
            store(script("1"), "one") shouldBe true

            cache.find(script("1"))?.readText() shouldBe "one"
            cache.find(script("1", name = "elsewhere/a.uring.kts"))?.readText() shouldBe "one"
            cache.find(script("2")) shouldBe null
            cache.find(script("1", name = "b.uring.kts")) shouldBe null
        }

        test("a changed library makes every jar a stranger") {
            store(script("library"), "old")
            val before = cache.jarOf(script("library"))

            library.appendText("one byte more")

            cache.jarOf(script("library")) shouldNotBe before
            cache.find(script("library")) shouldBe null
        }

        test("a class in a folder on the class path counts like a library") {
            val classes = tempdir()
            val inFolder = ScriptCache(folder, listOf(classes))
            val before = inFolder.jarOf(script("1"))

            classes.resolve("New.class").writeText("class")

            inFolder.jarOf(script("1")) shouldNotBe before
        }

        test("a compilation that fails stores nothing and leaves nothing behind") {
            val before = folder.listDirectoryEntries()

            cache.store(script("broken")) { out ->
                out.write(1)
                false
            } shouldBe false

            cache.find(script("broken")) shouldBe null
            folder.listDirectoryEntries() shouldContainExactlyInAnyOrder before
        }

        test("many that store the same script at once all find it whole") {
            val content = "x".repeat(100_000)
            val start = CountDownLatch(1)
            val seen = List(8) { arrayOfNulls<String>(1) }
            val threads =
                seen.map { slot ->
                    thread {
                        start.await()
                        store(script("many"), content)
                        slot[0] = cache.find(script("many"))?.readText()
                    }
                }
            start.countDown()
            threads.forEach(Thread::join)

            seen.map { it[0] } shouldBe List(8) { content }
        }

        test("past the most that it keeps, the jars used longest ago go first") {
            folder.listDirectoryEntries().forEach { it.toFile().delete() }
            val kept = List(ScriptCache.JARS_MAX) { script("kept $it") }
            kept.forEachIndexed { age, script ->
                store(script, "")
                cache.jarOf(script).setLastModifiedTime(FileTime.fromMillis(1_000L * (age + 1)))
            }
            cache.find(kept[0]) shouldNotBe null // used now: no longer the oldest

            store(script("one more"), "")

            val jars = folder.listDirectoryEntries()
            jars shouldHaveSize ScriptCache.JARS_MAX
            jars shouldContain cache.jarOf(kept[0])
            jars shouldContain cache.jarOf(script("one more"))
            jars shouldNotContain cache.jarOf(kept[1])
        }
    })
