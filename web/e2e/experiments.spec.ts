import { expectAccessible } from './axe'
import { uploadSample } from './sample'
import { expect, test } from './server'

type Id = { id: number }
let projectId = 0
let datasetId = ''

test.describe.configure({ mode: 'serial' })
test.beforeEach(({ server, page }) => server.login(page))

test('a project without experiments says what to do', async ({ page, server }) => {
  const project = await server.call<Id>('POST', '/api/v1/projects', { name: '도형 구별' })
  projectId = project.id
  datasetId = await uploadSample(page, server, projectId, '그린 도형')
  await page.goto(`/projects/${projectId}`)
  await expect(page.getByText('아직 실험이 없습니다')).toBeVisible()
  await page.getByRole('button', { name: '프로젝트 편집' }).click()
  await page.getByLabel('설명').fill('원과 사각형')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: '저장' }).click()
  await expect(page.getByText('원과 사각형')).toBeVisible()
  await expectAccessible(page)
})

test('the quick way: a model, a few numbers, [학습 생성]', async ({ page }) => {
  await page.goto(`/projects/${projectId}`)
  await page.getByRole('button', { name: '새 실험' }).first().click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('heading', { name: '모델 선택' })).toBeVisible()
  await dialog.getByRole('combobox', { name: '프레임워크' }).click()
  const asked = page.waitForRequest(/\/models\?.*framework=timm/)
  await page.getByRole('option', { name: 'timm' }).click()
  await asked
  await dialog.getByRole('searchbox').fill('resnet-18')
  await expect(dialog.getByText('모델 1개')).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: '선택: ResNet-18' }).click()

  await dialog.getByLabel('Epochs').fill('0')
  await dialog.getByRole('button', { name: '학습 생성' }).click()
  await expect(dialog.getByText('1 이상이어야 합니다')).toBeVisible()
  await expect(dialog.getByText('데이터셋을 고르세요')).toBeVisible()
  await dialog.getByRole('combobox', { name: '데이터셋' }).click()
  await page.getByRole('option', { name: /그린 도형/ }).click()
  await dialog.getByLabel('Epochs').fill('2')
  await dialog.getByLabel('Batch Size').fill('4')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: '학습 생성' }).click()
  await expect(page.getByText('학습 작업이 생성되었습니다!', { exact: true })).toBeVisible()
  await expect(dialog).toBeHidden()
  const row = page.getByRole('row', { name: /resnet18/ })
  await expect(row.getByText('대기 중')).toBeVisible()
  await expect(row.getByRole('button', { name: /^학습 시작/ })).toBeVisible()
})

test('the long way by keyboard: steps, presets, text, preflight, create', async ({ page }) => {
  test.slow() // every key of a long form, and the engine's own timing
  const field = (name: string) => page.getByRole('textbox', { name, exact: true })
  await page.goto(`/projects/${projectId}/new`)
  await page.getByLabel('모델 검색').fill('resnet-18')
  await page.getByRole('button', { name: '상세정보: ResNet-18' }).press('Enter')
  await expect(page.getByRole('dialog').getByText('장점')).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: '선택: ResNet-18' }).press('Enter')

  await expect(page.getByRole('heading', { name: '데이터셋', level: 2 })).toBeFocused()
  await page.getByRole('radio', { name: /그린 도형/ }).press('Enter')
  await page.getByRole('button', { name: '다음' }).press('Enter')

  await expect(page.getByRole('heading', { name: '학습 설정', level: 2 })).toBeFocused()
  const optimizer = page.getByRole('combobox', { name: '옵티마이저' })
  await expect(optimizer).toHaveText('AdamW')
  await page.getByRole('radio', { name: /^미세 조정/ }).press('Enter')
  await expect(optimizer).toHaveText('SGD')
  await expect(field('Learning Rate')).toHaveValue('0.0001')
  await field('Epochs').fill('2')
  await field('Batch Size').fill('4')
  await field('이미지 크기').fill('9999')
  await expect(page.getByText('1280 이하여야 합니다')).toBeVisible()
  await expect(page.getByRole('button', { name: '다음' })).toBeDisabled()
  await field('이미지 크기').fill('32')
  await expect(page.getByText('변경한 값 3개')).toBeVisible()
  await page.getByRole('switch', { name: '고급 설정 보기' }).press(' ')
  await expect(field('가중치 감쇠')).toBeVisible()
  await expectAccessible(page)

  await page.getByRole('button', { name: 'YAML' }).press('Enter')
  const source = page.getByLabel('설정 (YAML)')
  await expect(source).toHaveValue(/image_size: 32/)
  const text = await source.inputValue()
  await source.fill(text + 'nonsense: 1\n')
  await expect(page.getByText('알 수 없는 설정: nonsense')).toBeVisible()
  await expect(page.getByRole('button', { name: '다음' })).toBeDisabled()
  await source.fill(text + 'seed: 7\n')
  await expect(page.getByText('변경한 값 4개')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('설정 (YAML)')).toHaveValue(/seed: 7/)
  await page.getByRole('button', { name: '다음' }).press('Enter')

  await expect(page.getByText('에폭당 시간')).toBeVisible({ timeout: 60_000 })
  await page.getByLabel('실험 이름').fill('키보드로 만든 실험')
  await page.getByLabel('태그').fill('첫째, 둘째')
  await expectAccessible(page)

  await page.getByRole('link', { name: '멤버' }).press('Enter')
  await expect(page.getByRole('dialog', { name: /나갈까요/ })).toBeVisible()
  await page.getByRole('button', { name: '취소' }).press('Enter')
  await expect(page.getByLabel('실험 이름')).toHaveValue('키보드로 만든 실험')
  await page.getByRole('button', { name: '생성', exact: true }).press('Enter')
  await expect(page).toHaveURL(new RegExp(`/projects/${projectId}$`))
  const row = page.getByRole('row', { name: /키보드로 만든 실험/ })
  await expect(row.getByText('첫째')).toBeVisible()
})

test('start, queue, priority, live progress, and what is left to do', async ({ page, server }) => {
  test.slow() // three trainings, one after the other
  await page.goto(`/projects/${projectId}`)
  const first = page.getByRole('row', { name: /키보드로 만든 실험/ })
  await first.getByRole('button', { name: /^학습 시작/ }).click()
  const clone = async (name: string) => {
    const [job] = await server.call<Id[]>('GET', `/api/v1/projects/${projectId}/experiments`)
    const copy = await server.call<Id>('POST', `/api/v1/training/jobs/${job!.id}/clone`, {})
    await server.call('PATCH', `/api/v1/training/jobs/${copy.id}`, { experiment_name: name })
    return copy.id
  }
  const ids = [await clone('복제 하나'), await clone('복제 둘')]
  for (const id of ids) await server.call('POST', `/api/v1/training/jobs/${id}/start`, {})
  await page.goto('/queue')
  await expectAccessible(page)
  await page.goto(`/projects/${projectId}`)
  for (const name of ['키보드로 만든 실험', '복제 하나', '복제 둘'])
    await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('완료', {
      timeout: 60_000,
    })
  const row = page.getByRole('row', { name: /복제 둘/ })
  await expect(row).toContainText('%')
  await row.getByRole('button', { name: /작업$/ }).click()
  await expect(page.getByRole('menuitem')).toHaveText(['처음부터 다시', '복제', '삭제'])
  await page.getByRole('menuitem', { name: '삭제' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '삭제' }).click()
  await expect(row).toBeHidden()
})

test('sort, filter, search, select and compare, kept in the address', async ({ page }) => {
  await page.goto(`/projects/${projectId}`)
  await page.getByRole('button', { name: '실험', exact: true }).click()
  await expect(page).toHaveURL(/sort=name&order=asc/)
  await page.getByRole('searchbox').fill('복제')
  await expect(page).toHaveURL(/q=/)
  await expect(page.getByRole('row')).toHaveCount(2)
  await page.getByRole('combobox', { name: '상태별 보기' }).click()
  await page.getByRole('option', { name: '실패' }).click()
  await expect(page.getByText('조건에 맞는 실험이 없습니다')).toBeVisible()
  await page.getByRole('button', { name: '조건 지우기' }).click()
  await expect(page.getByRole('searchbox')).toHaveValue('')
  await page.getByRole('checkbox', { name: '선택: 복제 하나' }).click()
  await expect(page.getByText('두 개 이상 선택하면')).toBeVisible()
  await page.getByRole('checkbox', { name: '선택: 키보드로 만든 실험' }).click()
  await page.reload()
  await page.getByRole('button', { name: '비교 (2)' }).click()
  await expect(page).toHaveURL(/compare\?jobs=\d+,\d+/)
})

test('what the server refuses stands at its field, and nothing typed is lost', async ({ page }) => {
  await page.route('**/api/v1/training/jobs', (route) =>
    route.fulfill({
      status: 422,
      json: {
        code: 'VALIDATION_ERROR',
        detail: [
          {
            loc: ['body', 'advanced_config.ema_decay'],
            msg: 'must fit the length of the run',
            type: 'value_error',
          },
        ],
      },
    }),
  )
  await page.addInitScript(
    ([id, dataset]) =>
      sessionStorage.setItem(
        `new-experiment:${id}`,
        JSON.stringify({
          framework: 'timm',
          model_name: 'resnet18',
          task_type: 'image_classification',
          dataset_id: dataset,
          typed: {},
          name: '거절될 실험',
        }),
      ),
    [projectId, datasetId] as const,
  )
  await page.goto(`/projects/${projectId}/new?step=review`)
  await page.getByRole('button', { name: '생성', exact: true }).click()
  await page.getByRole('button', { name: '학습 설정에서 수정' }).click()
  await expect(page.getByRole('textbox', { name: '이동 평균 감쇠율' })).toHaveAttribute(
    'aria-invalid',
    'true',
  )
  await expect(page.getByText('must fit the length of the run', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: /^4단계/ }).click()
  await expect(page.getByLabel('실험 이름')).toHaveValue('거절될 실험')
})

test('members: invite by a link, cancel it, add, change a role, remove', async ({
  page,
  server,
}) => {
  const person = { email: 'lee@example.com', password: 'long enough 3', full_name: '이하나' }
  await server.call('POST', '/api/v1/auth/register', person)
  await page.goto(`/projects/${projectId}/members`)
  await page.getByRole('button', { name: '초대 링크' }).click()
  await page.getByLabel('이메일').fill('later@example.com')
  await page.getByRole('button', { name: '링크 만들기' }).click()
  const link = page.getByLabel('링크', { exact: true })
  await expect(link).toHaveValue(new RegExp(`^${server.url}/invite\\?token=\\w+$`))
  await expectAccessible(page)
  await page.getByRole('button', { name: '닫기' }).first().click()
  await page.getByRole('button', { name: '초대 취소: later@example.com' }).click()
  await expect(page.getByText('기다리는 초대가 없습니다')).toBeVisible()

  await page.getByRole('button', { name: '멤버 추가' }).click()
  await page.getByLabel('이메일').fill('nobody@example.com')
  await page.keyboard.press('Enter')
  await expect(page.getByText('이 이메일의 계정이 없습니다')).toBeVisible()
  await page.getByLabel('이메일').fill(person.email)
  await page.keyboard.press('Enter')
  const row = page.getByRole('row', { name: /이하나/ })
  await expect(row.getByRole('combobox')).toHaveText('멤버')
  await row.getByRole('combobox').click()
  await page.getByRole('option', { name: '뷰어' }).click()
  await expect(page.getByText('역할을 바꿨습니다', { exact: true })).toBeVisible()
  await expectAccessible(page)
  await row.getByRole('button', { name: '내보내기: 이하나' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '내보내기' }).click()
  await expect(row).toBeHidden()
})
