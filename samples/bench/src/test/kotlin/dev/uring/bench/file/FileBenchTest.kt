package dev.uring.bench.file

import dev.uring.bench.bench
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.lang.foreign.Arena

class FileBenchTest :
    FunSpec({
        test("every program reads the blocks that were asked for, is measured and ended") {
            val json = tempdir().toPath().resolve("file.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val arguments = "file --quick --workload depth-32 --rounds 1 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "a twin slowed by 1000 ns/op was measured slower by"
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map { it.getValue("subject").jsonPrimitive.content } shouldContainExactlyInAnyOrder
                FileSubject.ALL.map { it.name }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp", "p50Micros", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
            ProcessHandle
                .current()
                .descendants()
                .filter { it.isAlive }
                .toList()
                .shouldBeEmpty()
        }

        test("a block is told from its neighbours") {
            val path = tempdir().toPath().resolve("content")
            FileContent.write(path, 100)
            val content = path.toFile().readBytes()
            content.size shouldBe 100 * FileContent.BLOCK_BYTES
            Arena.ofConfined().use { arena ->
                val memory = arena.allocate(FileContent.BLOCK_BYTES.toLong(), Long.SIZE_BYTES.toLong())
                memory.asByteBuffer().put(content, 7 * FileContent.BLOCK_BYTES, FileContent.BLOCK_BYTES)
                (0L until 100).filter { FileContent.isBlock(memory, it) } shouldBe listOf(7L)
            }
        }
    })
