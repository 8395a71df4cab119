package dev.uring.launcher

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.copyTo
import kotlin.io.path.createDirectories
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.exists
import kotlin.io.path.readText

/** The shell's part: `./uring` before it becomes a JVM, and how it finds a JDK. Building is left to whoever runs it. */
class LauncherScriptTest :
    FunSpec({
        val root = Path(System.getProperty("uring.root"))

        fun run(
            script: Path,
            vararg args: String,
            environment: Map<String, String> = emptyMap(),
        ): Finished {
            val builder = ProcessBuilder(listOf("/bin/bash", script.toString()) + args)
            builder.environment() += environment
            val process = builder.start()
            process.outputStream.close()
            val out = process.inputStream.bufferedReader().readText()
            val err = process.errorStream.bufferedReader().readText()
            return Finished(process.waitFor(), out.trimEnd(), err.trimEnd())
        }

        // A PATH on which only these are found.
        fun pathWith(vararg tools: String): String {
            val folder = tempdir().toPath()
            tools.forEach { tool ->
                val file = listOf(Path("/usr/bin"), Path("/bin")).map { it.resolve(tool) }.first { it.exists() }
                folder.resolve(tool).createSymbolicLinkPointingTo(file)
            }
            return folder.toString()
        }

        test("help needs no build and names every command, also from another folder") {
            val elsewhere = tempdir().toPath().resolve("uring").createSymbolicLinkPointingTo(root.resolve("uring"))

            val done = run(elsewhere, "--help")

            listOf(
                "run [--driver NAME] FILE",
                "doctor",
                "soak",
                "bench NAME",
                "simulate [--seeds N]",
                "--version",
            ).forEach { done.out shouldContain it }
            done.status shouldBe 0
        }

        test("version is that of the project") {
            val version = Regex("<version>(.*)</version>").find(root.resolve("pom.xml").readText())!!.groupValues[1]

            run(root.resolve("uring"), "--version").out shouldBe "uring $version"
        }

        test("an unknown command is named") {
            val done = run(root.resolve("uring"), "rum")

            done.err shouldStartWith "uring: no such command: rum"
            done.status shouldBe 2
        }

        test("a missing Maven is one sentence with the remedy") {
            val clone = tempdir().toPath()
            clone.resolve(".mvn").createDirectories()
            listOf("uring", ".mvn/find-jdk", "pom.xml").forEach { root.resolve(it).copyTo(clone.resolve(it)) }
            val path = pathWith("bash", "dirname", "readlink", "sed", "find", "mkdir")
            val jdk = System.getProperty("java.home")

            val done = run(clone.resolve("uring"), "doctor", environment = mapOf("PATH" to path, "JAVA_HOME" to jdk))

            done.err shouldBe
                "uring: Maven is missing: install Maven 3.8.7 or newer (for example \"apt-get install maven\") and run this again."
            done.status shouldBe 1
        }

        test("a missing JDK is one sentence with the remedy") {
            val done = run(root.resolve(".mvn/find-jdk"), "99")

            done.err.lines() shouldHaveSize 1
            done.err shouldStartWith "uring: no JDK 99 or newer found (looked at JAVA_HOME, PATH, /usr/lib/jvm, "
            done.err shouldEndWith "and run this again."
            done.status shouldBe 1
        }

        test("the JDK of JAVA_HOME comes first, an older one is passed over") {
            val jdk = System.getProperty("java.home")

            run(root.resolve(".mvn/find-jdk"), "25", environment = mapOf("JAVA_HOME" to jdk)).out shouldBe jdk
            run(root.resolve(".mvn/find-jdk"), "25", environment = mapOf("JAVA_HOME" to "/nowhere")).status shouldBe 0
        }
    })
