/**
 * @module
 * A small tree outside of the repository that bears the repository's own configuration, to plant violations in.
 */
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const configurations = ['package.json', 'tsconfig.json', 'tsconfig.workflows.json', '.dependency-cruiser.cjs', '.oxlintrc.json']

/**
 * Lets `use` work on a new folder with these files and the repository's configurations, with its npm packages linked in.
 * @param files content by path
 */
export async function withFixtureTree<T>(files: Record<string, string>, use: (tree: string) => Promise<T>): Promise<T> {
  const tree = await mkdtemp(join(tmpdir(), 'berth-tooling-'))
  try {
    await symlink(join(repository, 'node_modules'), join(tree, 'node_modules'))
    for (const name of configurations) await copyFile(join(repository, name), join(tree, name))
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true })
      await writeFile(join(tree, path), content)
    }
    return await use(tree)
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}
