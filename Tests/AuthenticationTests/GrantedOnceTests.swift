import Foundation
import Testing

@Suite struct GrantedOnceTests {
    @Test func `granted is produced on one line of the heart`() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let heart = package.appendingPathComponent("Sources/Authentication")
        let files = try #require(FileManager.default.enumerator(at: heart, includingPropertiesForKeys: nil))
        var lines: [String] = []
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            count += 1
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let code = line.trimmingCharacters(in: .whitespaces)
                if code.contains(".granted"), !code.hasPrefix("//") { lines.append(code) }
            }
        }
        #expect(count > 15)
        #expect(lines == ["(.ended(.granted), .granted)"])
    }
}
