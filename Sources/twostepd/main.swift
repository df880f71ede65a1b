import Administration
import Glibc

// One executable is both programs, told apart by the name that it was started under and by nothing else.
switch CommandLine.arguments.first?.split(separator: "/").last {
case "twostepd": exit(3)  // The daemon's own command takes over here.
case _: AdministrationCommand.runProgram()
}
