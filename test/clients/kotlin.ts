import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { provideDebianPackage } from '../../scripts/services/debian-packages.mjs';

/** Starts faster, which is what short runs need. */
const FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

const GENERATOR = 'node_modules/@openapitools/openapi-generator-cli/bin/openapi-generator.jar';
const KOTLIN = 'node_modules/kotlin-compiler';
const kotlinJars = (...names: string[]): string[] => names.map((name) => join(KOTLIN, 'lib', `${name}.jar`));

/** What the generated client is built on: a HTTP client and a JSON library, with what those need. */
const PACKAGES = ['libokhttp-java', 'libgoogle-gson-java'];
const LIBRARIES = ['okhttp.jar', 'okio.jar', 'gson.jar'];

/** The Java of `JAVA_HOME`, or one that is on the PATH; null when there is none. */
export function findJava(): string | null {
  const home = process.env['JAVA_HOME'];
  if (home !== undefined && home !== '') return join(home, 'bin', 'java');
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'java')).find((path) => existsSync(path)) ?? null;
}

/** A client as it is generated. */
interface KotlinProject {
  sources: string;
  /** What the generator says that it couldn't take. */
  warnings: string[];
}

/** Generates a client in a folder from a description in OpenAPI 3.0. */
export async function generateKotlin(java: string, document: string, folder: string): Promise<KotlinProject> {
  const properties = 'serializationLibrary=gson,enumPropertyNaming=original,dateLibrary=string';
  const options = ['--library', 'jvm-okhttp3', '--package-name', 'chat', `--additional-properties=${properties}`];
  const input = ['-g', 'kotlin', '-i', document, '-o', folder];
  const { all } = await execa(java, [...FLAGS, '-jar', GENERATOR, 'generate', ...input, ...options], { all: true });
  const sources = join(folder, 'src/main/kotlin');
  modernise(join(sources, 'chat/infrastructure/ApiClient.kt'));
  const warnings = all
    .split('\n')
    .filter((line) => /\b(?:WARN|ERROR)\b/.test(line) && !line.includes('.openapi-generator-ignore'));
  return { sources, warnings };
}

/** The last generator whose program is in its package is of 2020: it calls a function that Kotlin has taken back since. */
function modernise(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('.toLowerCase()', '.lowercase()'));
}

/** A program that was compiled: where its classes are, and those of its libraries. */
type KotlinProgram = string[];

/** Compiles a generated client with the program that uses it. */
export async function compileKotlin(java: string, sources: string, driver: string): Promise<KotlinProgram> {
  const folders = await Promise.all(PACKAGES.map((name) => provideDebianPackage(name, 'bookworm')));
  const found = folders.flatMap((folder) => LIBRARIES.map((name) => join(folder, 'usr/share/java', name)));
  const libraries = found.filter((path) => existsSync(path));
  const compiler = kotlinJars(
    ...['kotlin-compiler', 'kotlin-stdlib', 'kotlin-script-runtime', 'kotlin-reflect'],
    ...['kotlin-daemon-client', 'kotlinx-coroutines-core-jvm', 'annotations-13.0'],
  );
  const output = join(sources, '..', 'classes');
  const main = 'org.jetbrains.kotlin.cli.jvm.K2JVMCompiler';
  const options = ['-kotlin-home', KOTLIN, '-no-reflect', '-nowarn', '-cp', libraries.join(delimiter), '-d', output];
  await execa(java, [...FLAGS, '-cp', compiler.join(delimiter), main, ...options, sources, driver], { all: true });
  return [output, ...libraries, ...kotlinJars('kotlin-stdlib')];
}

/** Runs a compiled program, whose file is `kotlin.kt`. */
export async function runKotlin(java: string, program: KotlinProgram, ...args: string[]): Promise<string> {
  const { stdout } = await execa(java, [...FLAGS, '-cp', program.join(delimiter), 'KotlinKt', ...args]);
  return stdout;
}
