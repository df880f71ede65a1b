import Administration
import QRCodes
import Testing

@Suite struct QRCodeTests {
    private func drawing(_ code: borrowing QRCode, inColour: Bool) -> String {
        let buffer = OutputBuffer()
        code.draw(on: buffer, inColour: inColour)
        return buffer.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    @Test(arguments: [Samples.uri, "a", String(repeating: "0123456789", count: 40)])
    func `what is drawn is the code, module by module`(text: String) throws {
        let bytes = Array(text.utf8)
        guard let code = QRCode(bytes.span) else {
            Issue.record("no code")
            return
        }
        let lines = drawing(code, inColour: false).split(separator: "\n").map(Array.init)
        #expect(lines.count == (code.width + 5) / 2)
        for row in -2..<code.width + 2 {
            let line = lines[(row + 2) / 2]
            #expect(line.count == code.width + 8)
            for column in -4..<code.width + 4 {
                let isLight = ["█", row % 2 == 0 ? "▀" : "▄"].contains(line[column + 4])
                #expect(isLight != code.isDark(row: row, column: column))
            }
        }
    }

    @Test func `the three finders are where ISO 18004 has them`() throws {
        let bytes = Array(Samples.uri.utf8)
        guard let code = QRCode(bytes.span) else {
            Issue.record("no code")
            return
        }
        for (top, left) in [(0, 0), (0, code.width - 7), (code.width - 7, 0)] {
            for row in 0..<7 {
                for column in 0..<7 {
                    let ring = max(abs(row - 3), abs(column - 3))
                    #expect(code.isDark(row: top + row, column: left + column) == (ring != 2))
                }
            }
        }
    }

    @Test func `a usual URI fits 80 columns and 24 lines with one to spare`() throws {
        let uri =
            "otpauth://totp/host.example.org:alice?secret=\(Samples.key)&issuer=host.example.org"
            + "&algorithm=SHA1&digits=6&period=30"
        let bytes = Array(uri.utf8)
        guard let code = QRCode(bytes.span) else {
            Issue.record("no code")
            return
        }
        let lines = drawing(code, inColour: false).split(separator: "\n")
        #expect(lines.count <= 23)
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test func `colours frame each line and change nothing else`() throws {
        let bytes = Array(Samples.uri.utf8)
        guard let code = QRCode(bytes.span) else {
            Issue.record("no code")
            return
        }
        let coloured = drawing(code, inColour: true).split(separator: "\n").map { line in
            #expect(line.hasPrefix("\u{1B}[38;5;231;48;5;16m") && line.hasSuffix("\u{1B}[0m"))
            return line.dropFirst("\u{1B}[38;5;231;48;5;16m".count).dropLast("\u{1B}[0m".count)
        }
        #expect(coloured == drawing(code, inColour: false).split(separator: "\n"))
    }

    @Test(arguments: ["", "a\u{0}b", String(repeating: "x", count: 4000)])
    func `what no code can hold has none`(text: String) {
        let bytes = Array(text.utf8)
        let hasCode = QRCode(bytes.span) != nil
        #expect(!hasCode)
    }
}
