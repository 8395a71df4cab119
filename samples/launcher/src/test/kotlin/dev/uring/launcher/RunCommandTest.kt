package dev.uring.launcher

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.writeText

class RunCommandTest :
    FunSpec({
        val folder = tempdir().toPath()

        fun script(
            name: String,
            text: String,
        ): Path = folder.resolve("$name.uring.kts").also { it.writeText(text) }

        fun run(
            vararg args: String,
            cache: String = "cache",
            environment: Map<String, String> = emptyMap(),
        ): Finished = ChildProcess(folder.resolve(cache), environment, "run", *args).use { it.await() }

        fun jars(cache: String) = folder.resolve(cache).resolve("uring/scripts").listDirectoryEntries("*.jar")

        fun identity(file: Path): Any? = Files.getAttribute(file, "unix:ino")

        test("arguments after the file and the environment reach the script unchanged") {
            val file = script("args", "println(args)\nprintln(env(\"GREETING\"))\n")

            val done =
                run(
                    "$file",
                    "--port",
                    "1",
                    "-h",
                    "--help",
                    "--",
                    "@x",
                    "two words",
                    environment =
                        mapOf("GREETING" to "hi"),
                )

            done.out shouldBe "[--port, 1, -h, --help, --, @x, two words]\nhi"
            done.err shouldBe ""
            done.status shouldBe 0
        }

        test("the second run uses the compiled script of the first, and an edit is compiled anew") {
            val file = script("edited", "println(\"first\")\n")
            run("$file", cache = "edited").out shouldBe "first"
            val compiled = jars("edited").single()
            val compiledIdentity = identity(compiled)

            run("$file", cache = "edited").out shouldBe "first"
            jars("edited") shouldBe listOf(compiled)
            identity(compiled) shouldBe compiledIdentity

            file.writeText("println(\"second\")\n")
            run("$file", cache = "edited").out shouldBe "second"
            jars("edited") shouldHaveSize 2
        }

        test("a compile error shows file, line and reason, and runs nothing") {
            val file = script("broken", "println(\"started\")\nval port: Int = \"7000\"\n")

            val done = run("$file")

            done.err shouldContain "$file:2:15: error: Initializer type mismatch: expected 'Int', actual 'String'."
            done.err shouldContain "val port: Int = \"7000\""
            done.out shouldBe ""
            done.status shouldBe 1
        }

        test("an exception shows the script's line and ends the process with 1") {
            val file = script("throws", "println(\"started\")\nerror(\"cannot go on\")\n")

            val done = run("$file")

            done.out shouldBe "started"
            done.err.lines().take(2) shouldBe
                listOf("$file:2: error: java.lang.IllegalStateException: cannot go on", "error(\"cannot go on\")")
            done.status shouldBe 1
        }

        test("a missing file is refused with its name") {
            val done = run("$folder/missing.uring.kts")

            done.err shouldContain "uring: no such script: $folder/missing.uring.kts"
            done.status shouldBe 2
        }

        test("without a writable cache folder a script runs all the same") {
            val file = script("uncached", "println(\"ran\")\n")
            folder.resolve("file").writeText("not a folder")

            val done = run("$file", cache = "file")

            done.out shouldBe "ran"
            done.status shouldBe 0
        }

        test("the echo script of the samples echoes, and SIGTERM ends it in order with the conventional status") {
            val file = Path(System.getProperty("uring.root"), "samples", "scripts", "echo.uring.kts")
            ChildProcess(folder.resolve("cache"), emptyMap(), "run", "$file", "--port", "0").use { child ->
                val port = child.awaitLine("echo on port ").substringBefore(',').toInt()
                Socket("127.0.0.1", port).use { socket ->
                    socket.getOutputStream().write("hello".toByteArray())
                    String(socket.getInputStream().readNBytes(5)) shouldBe "hello"

                    child.terminate()

                    socket.getInputStream().read() shouldBe -1
                }
                child.await().status shouldBe 143
            }
        }

        test("the asking script of the samples connects, asks, prints the answer and ends") {
            val file = Path(System.getProperty("uring.root"), "samples", "scripts", "ask.uring.kts")
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
                val answering =
                    Thread.ofVirtual().start {
                        server.accept().use { it.getInputStream().transferTo(it.getOutputStream()) }
                    }

                val done = run("$file", "127.0.0.1:${server.localPort}", "hello")

                done.out shouldBe "hello"
                done.err shouldBe ""
                done.status shouldBe 0
                answering.join()
            }
        }
    })
