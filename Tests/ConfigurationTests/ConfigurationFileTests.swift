import Authentication
import Configuration
import Glibc
import Testing

/// A folder of its own, gone with the value.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/twostep-configuration-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, let name = unsafe mkdtemp(base) else { return nil }
            return unsafe String(cString: name)
        }
        path = try #require(made)
    }

    deinit {
        for name in ["config.yaml", "other.yaml"] {
            unsafe unlink("\(path)/\(name)")
            unsafe rmdir("\(path)/\(name)")
        }
        unsafe rmdir(path)
    }

    var file: String { "\(path)/config.yaml" }

    func write(_ text: String, mode: mode_t = 0o640, to name: String = "config.yaml") {
        let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        // open() has taken the umask off.
        fchmod(descriptor, mode)
        close(descriptor)
    }

    func giveAway(to uid: uid_t) -> Bool { unsafe chown(file, uid, 0) == 0 }

    func makeFIFO() -> Bool { unsafe mkfifo(file, 0o600) == 0 }

    func makeFolder() -> Bool { unsafe mkdir(file, 0o700) == 0 }

    func link(to target: String) -> Bool { unsafe symlink(target, file) == 0 }

    func remove() -> Bool { unsafe unlink(file) == 0 }
}

@Suite struct ConfigurationFileTests {
    static let good = "auth_providers: [{type: pam, modules: totp}]\n"

    func problem(_ path: String) -> String? {
        guard case .failure(let problems) = Fakes.reader.load(path) else { return nil }
        return problems.description
    }

    @Test func `reads a file of its own user`() throws {
        let folder = try Folder()
        folder.write(ConfigurationFileTests.good)
        let configuration = try Fakes.reader.load(folder.file).get()
        #expect(configuration.policy.chains.count == 1)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `warns of a file that everybody can read`() throws {
        let folder = try Folder()
        folder.write(ConfigurationFileTests.good, mode: 0o644)
        #expect(
            try Fakes.reader.load(folder.file).get().warnings.map(\.description) == [
                "\(folder.file): a file that everybody can read, expected mode 0640: it may hold secrets"
            ])
    }

    @Test(arguments: [0o660, 0o642, 0o666] as [mode_t]) func `refuses a file that others can write`(_ mode: mode_t)
        throws
    {
        let folder = try Folder()
        folder.write(ConfigurationFileTests.good, mode: mode)
        let shown = String(mode, radix: 8)
        #expect(
            problem(folder.file)
                == "\(folder.file): a file of mode 0\(shown), expected one that its owner alone can write (0640)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func `refuses a file of somebody else`() throws {
        let folder = try Folder()
        folder.write(ConfigurationFileTests.good)
        #expect(folder.giveAway(to: 12_345))
        #expect(problem(folder.file) == "\(folder.file): a file of uid 12345, expected one of root")
    }

    @Test func `refuses what is no file, and does not wait for it`() throws {
        let folder = try Folder()
        #expect(problem(folder.file) == "\(folder.file): no such file")
        #expect(folder.makeFIFO())
        #expect(problem(folder.file) == "\(folder.file): a FIFO, expected a regular file")
        #expect(folder.remove())
        #expect(folder.makeFolder())
        #expect(problem(folder.file) == "\(folder.file): a directory, expected a regular file")
        #expect(problem("/dev/null") == "/dev/null: a special file, expected a regular file")
        #expect(problem(folder.file + "\0x") != nil)
        #expect(problem("") == ": no such file")
    }

    @Test func `a link is judged by what it leads to`() throws {
        let folder = try Folder()
        #expect(folder.link(to: "other.yaml"))
        #expect(problem(folder.file) == "\(folder.file): no such file")
        folder.write(ConfigurationFileTests.good, mode: 0o666, to: "other.yaml")
        #expect(problem(folder.file)?.contains("of mode 0666") == true)
        folder.write(ConfigurationFileTests.good, to: "other.yaml")
        #expect(problem(folder.file) == nil)
    }

    @Test func `refuses a file that is empty, too long or no text`() throws {
        let folder = try Folder()
        folder.write("")
        #expect(problem(folder.file) == "\(folder.file): an empty file, expected a configuration")
        folder.write(String(repeating: "#", count: (1 << 20) + 1))
        #expect(problem(folder.file) == "\(folder.file): more than 1048576 bytes, expected a configuration")
        folder.write("a: \u{0}\n")
        #expect(problem(folder.file) == "\(folder.file):1:4: the character U+0000, expected printable text")
    }

    @Test func `refuses bytes that are not UTF-8`() {
        guard case .failure(let problems) = Fakes.reader.read([0x61, 0x0A, 0x62, 0xC3, 0x28], file: "f") else {
            Issue.record("accepted")
            return
        }
        #expect(problems.description == "f:2:2: bytes that are not UTF-8, expected UTF-8")
    }
}
