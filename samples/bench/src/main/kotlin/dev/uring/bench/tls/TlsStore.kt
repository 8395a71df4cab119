package dev.uring.bench.tls

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** The key and certificate that every subject has: EC P-256, made by the JDK's keytool. */
class TlsStore private constructor(
    val file: Path,
) {
    /** No secret: the key is of use to nobody. */
    val password: String = PASSWORD

    companion object {
        private const val PASSWORD = "benchmark"

        /** Makes one in [folder]. */
        fun make(folder: Path): TlsStore {
            val file = folder.resolve("tls-${ProcessHandle.current().pid()}.p12")
            Files.deleteIfExists(file)
            val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
            val process =
                ProcessBuilder(
                    listOf(keytool, "-genkeypair", "-alias", "bench", "-keyalg", "EC", "-groupname", "secp256r1") +
                        listOf("-dname", "CN=localhost", "-storetype", "PKCS12", "-keystore", file.toString()) +
                        listOf("-storepass", PASSWORD),
                ).redirectErrorStream(true).start()
            process.outputStream.close()
            val output = process.inputStream.readAllBytes().decodeToString()
            check(process.waitFor(1, TimeUnit.MINUTES) && process.exitValue() == 0) { "keytool: $output" }
            file.toFile().deleteOnExit()
            return TlsStore(file)
        }
    }
}
