package dev.uring

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.isRegularFile
import kotlin.io.path.name
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.readLines
import kotlin.io.path.readText
import kotlin.io.path.walk

private val CODE = Regex("`([^`]+)`")
private val NAME = Regex("[A-Za-z][A-Za-z0-9]*")
private val KEYWORDS = setOf("dev", "uring", "listOf", "options", "timeout", "lease", "guard", "kts")

class CapabilityTableTest :
    FunSpec({
        val module = Path.of("").toAbsolutePath()
        val rows =
            module
                .resolve("README.md")
                .readLines()
                .filter { it.startsWith("| ") && !it.startsWith("| **") }
                .drop(1)
                .map { row -> row.split('|').map(String::trim).drop(1) }

        test("every row of the README's table names a sample or a test that is there") {
            val files =
                listOf("uring-core/src", "uring-dsl/src", "samples").flatMap { folder ->
                    module
                        .resolveSibling(folder)
                        .walk()
                        .filter { it.isRegularFile() && "target" !in it.map(Path::name) }
                        .flatMap { listOf(it.name, it.nameWithoutExtension) }
                }
            rows.size shouldBeGreaterThan 30
            rows
                .flatMap { it.last(String::isNotEmpty).codes() }
                .filter { it != "./uring doctor" && it !in files }
                .shouldBeEmpty()
        }

        test("every name in the README's table is one of the sources'") {
            val words =
                listOf("uring-core/src/main", "uring-dsl/src/main")
                    .flatMap { folder -> module.resolveSibling(folder).walk() }
                    .filter { it.extension == "java" || it.extension == "kt" }
                    .flatMapTo(HashSet()) { file -> NAME.findAll(file.readText() + " " + file.name).map { it.value } }
            rows
                .flatMap { row -> (row[1] + row[2]).codes() }
                .flatMap { code -> NAME.findAll(code).map { it.value } }
                .filter { it !in KEYWORDS && it !in words }
                .shouldBeEmpty()
        }
    })

private fun String.codes(): List<String> = CODE.findAll(this).map { it.groupValues[1] }.toList()
