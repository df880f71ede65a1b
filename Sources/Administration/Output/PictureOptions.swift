import QRCodes
import AdminProtocol
import ArgumentParser
import Authentication

/// How a QR code is shown, and in which files it is kept.
struct PictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show a QR code: utf8, ansi (background colours alone) or none. Without it, on a terminal only.",
            valueName: "style"))
    var qr: NewDevice.QRStyle?
    @Option(help: ArgumentHelp("Make a picture of the QR code, of mode 0600.", valueName: "file")) var png: String?
    @Option(help: ArgumentHelp("Make a drawing of the QR code, of mode 0600.", valueName: "file")) var svg: String?

    /// Makes the files that are wanted of what a code says.
    func save(_ uri: borrowing Secret) throws(CommandFailure) {
        guard png != nil || svg != nil else { return }
        guard uri.count > 0 else {
            throw CommandFailure(.usage, code: .usage, "There is no QR code of such a device. Nothing was stored.")
        }
        guard let code = uri.withBytes({ QRCode($0) }) else {
            throw CommandFailure(.refused, code: .files, "The URI is too long for a QR code. Nothing was stored.")
        }
        if let png {
            let picture = OutputBuffer()
            code.drawPNG(on: picture)
            try PrivateFile.create(png, picture)
        }
        if let svg {
            let drawing = OutputBuffer()
            code.drawSVG(on: drawing)
            try PrivateFile.create(svg, drawing)
        }
    }
}
